import { given, pick, requireKnownFields, requirePositive } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { Model } from '../engine/model.js';
import type { PhasedOptions } from '../engine/phases.js';
import type { RecordedRecipe } from '../engine/training-recipe.js';
import { checkFast } from './fast/check.js';
import { trainFast } from './fast/fast.js';
import { FAST_OPTIONS, type FastOptions, fastRecipe } from './fast/options.js';
import { trainPlainly } from './plain.js';
import { STEADY_EPOCHS, trainSteadily } from './steady.js';
import type { TrainingRun, TrainingWork } from './training-run.js';

/** Hyper-parameters of the recipe `steady`. */
export interface SteadyOptions {
  /**
   * How often every row is visited, above 0 and up to 1,000; may be fractional. Few rows are visited
   * more often, see docs/exact-retraining.md. Default 1.9.
   */
  readonly epochs?: number;
}

const STEADY_OPTIONS = { epochs: true } as const;

/** The hyper-parameters of all recipes; each takes only its own. */
export type HyperParameters = FastOptions & SteadyOptions;

export const HYPER_PARAMETERS = { ...FAST_OPTIONS, ...STEADY_OPTIONS };

const MOST_EPOCHS = 1000;
/** The accuracy, in percent, that an unrecorded `fast` must reach on a sample of its rows. */
const LEAST_ACCURACY = 97;

/** Frozen, because results share them. */
export const FAST: RecordedRecipe = Object.freeze({ name: 'fast' });
export const STEADY: RecordedRecipe = Object.freeze({ name: 'steady' });

export type RecipeName = 'fast' | 'steady' | 'plain';

/** The hyper-parameters of each recipe. */
const RECIPES: Readonly<Record<RecipeName, Readonly<Record<string, true>>>> = {
  fast: FAST_OPTIONS,
  steady: STEADY_OPTIONS,
  plain: {},
};

export const RECIPE_NAMES = Object.keys(RECIPES) as RecipeName[];

export interface RecipeResult extends TrainingWork {
  readonly model: Model;
}

/**
 * The record of a recipe with the hyper-parameters that were given; the others' defaults are part
 * of the recipe.
 *
 * @param widths of the network; @param rows the number of rows to train on
 * @throws {LetheError} ERR_INVALID_ARGUMENT: a hyper-parameter that is invalid or of another recipe
 */
export function recordOf(
  name: RecipeName,
  options: HyperParameters,
  widths: readonly number[],
  rows: number,
): RecordedRecipe {
  const own = given(pick(options, HYPER_PARAMETERS));
  refuseOthers(name, own);
  if (name === 'fast') fastRecipe(widths, rows, own);
  if (name === 'steady') checkEpochs(own.epochs);
  return Object.freeze({ name, ...own }) as RecordedRecipe;
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT: a hyper-parameter that the recipe does not have */
export function refuseOthers(name: string, options: HyperParameters): void {
  const known: object = Object.hasOwn(RECIPES, name) ? RECIPES[name as RecipeName] : {};
  const other = Object.keys(given(pick(options, HYPER_PARAMETERS))).find(
    (option) => !Object.hasOwn(known, option),
  );
  if (other === undefined) return;
  const owner = RECIPE_NAMES.find((recipe) => Object.hasOwn(RECIPES[recipe], other));
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `the recipe "${name}" has no option ${other}: leave it out, or take the recipe "${owner}"`,
  );
}

function checkEpochs(epochs: unknown = STEADY_EPOCHS): number {
  const checked = requirePositive('epochs', epochs);
  if (checked <= MOST_EPOCHS) return checked;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `epochs must be at most ${MOST_EPOCHS}, but is ${checked}`,
  );
}

/**
 * Trains a model by a recorded recipe. The result depends on the record, the run's widths, rows and
 * seed alone.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: a recipe that this version does not know
 */
export async function trainBy(
  record: RecordedRecipe,
  run: TrainingRun,
  options: PhasedOptions,
): Promise<RecipeResult> {
  const { name, ...own } = record;
  switch (name) {
    case 'fast': {
      const fastOptions: FastOptions = hyperParameters(record, () => {
        fastRecipe(run.widths, run.rows.length, own as FastOptions);
        return requireKnownFields(`the recipe "${name}"`, own as FastOptions, FAST_OPTIONS);
      });
      const { model, ...work } = await trainFast(run, fastOptions, options);
      return model ? { model, ...work } : steadyInstead(run, work, options);
    }
    case 'steady': {
      const epochs = hyperParameters(record, () =>
        checkEpochs(requireKnownFields(`the recipe "${name}"`, own, STEADY_OPTIONS).epochs),
      );
      return trainSteadily(run, epochs, options);
    }
    case 'plain':
      hyperParameters(record, () => requireKnownFields(`the recipe "${name}"`, own, {}));
      return trainPlainly(run, options);
    default:
      throw unknownRecipe(record);
  }
}

/** Trains by the fast recipe where a check on held-out rows allows it, else by the steady one. */
export async function trainUnrecorded(
  run: TrainingRun,
  options: PhasedOptions,
): Promise<RecipeResult & { readonly recipe: RecordedRecipe }> {
  const check = await checkFast(run, options);
  const before = {
    steps: 0,
    multiplyAdds: check.multiplyAdds,
    reasons: [`${check.passes ? 'the recipe fast' : 'not the recipe fast'}: ${check.reason}`],
  };
  if (!check.passes) {
    return { ...(await steadyInstead(run, before, options)), recipe: STEADY };
  }
  const { model, accuracy = 0, ...fast } = await trainFast(run, {}, options, check.projection);
  const work = added(before, fast);
  if (model && accuracy >= LEAST_ACCURACY) return { model, ...work, recipe: FAST };
  const reason = `${accuracy.toFixed(1)} % of a sample are right, less than ${LEAST_ACCURACY} %`;
  const reasons = model ? [...work.reasons, reason] : work.reasons;
  const instead = await steadyInstead(run, { ...work, reasons }, options);
  return { ...instead, recipe: STEADY };
}

async function steadyInstead(run: TrainingRun, before: TrainingWork, options: PhasedOptions) {
  const { model, ...work } = await trainSteadily(run, STEADY_EPOCHS, options);
  const reasons = ['the recipe steady instead', ...work.reasons];
  // The networks before are no part of the model.
  return { model, ...added({ ...before, steps: 0 }, { ...work, reasons }) };
}

function added(a: TrainingWork, b: TrainingWork): TrainingWork {
  return {
    steps: a.steps + b.steps,
    multiplyAdds: a.multiplyAdds + b.multiplyAdds,
    reasons: [...a.reasons, ...b.reasons],
  };
}

/** Reads hyper-parameters of a record: what is invalid there is a fault of the file, not a call's. */
function hyperParameters<T>(record: RecordedRecipe, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unknownRecipe(record, cause);
  }
}

function unknownRecipe(record: RecordedRecipe, cause?: unknown): LetheError {
  return new LetheError(
    'ERR_INVALID_MODEL',
    `the model records the recipe ${JSON.stringify(record)}, which this version of Lethe does not ` +
      'know: use the version that trained it, or name a recipe',
    { cause },
  );
}
