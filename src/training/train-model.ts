import {
  type KnownFields,
  requireBoolean,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireOneOf,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Stopwatch } from '../base/stopwatch.js';
import { forwardWork } from '../engine/cost.js';
import { Dataset, whileReading } from '../engine/dataset.js';
import { checkWidths } from '../engine/layout.js';
import { described, type Model } from '../engine/model.js';
import { factsOfSchema } from '../engine/model-facts.js';
import type { PhasedOptions } from '../engine/phases.js';
import type { Rows } from '../engine/row-set.js';
import { RUN_OPTIONS, withoutProgress } from '../engine/run.js';
import type { RecordedRecipe } from '../engine/training-recipe.js';
import { chooseRecipe, type RecipeChoice } from './choose/choose-recipe.js';
import { encodedRun, encodingWork } from './encoded-run.js';
import { measureQuality, type Quality } from './quality.js';
import {
  HYPER_PARAMETERS,
  type HyperParameters,
  RECIPE_NAMES,
  type RecipeName,
  type RecipeResult,
  recordOf,
  refuseOthers,
  trainBy,
  trainUnrecorded,
} from './recipes.js';
import { sampleRows } from './sample.js';
import type { TrainingRun } from './training-run.js';

export interface TrainModelOptions extends HyperParameters, PhasedOptions {
  /**
   * `auto`: chooses `fast`, or `steady` and a length, on rows that it holds out; from 5,000 rows on
   * it costs one to five times what `plain` does, and the model records the choice. `steady`:
   * half-whitened columns, 40 % of the multiply-adds of `plain` from 4,800 rows on, more below.
   * `fast`: a few percent of them, for data like pictures of digits; by name it runs without a
   * check, and can lose accuracy on other data. `plain`: five epochs with the defaults of
   * Model.train. Default `auto`. See docs/exact-retraining.md.
   */
  readonly recipe?: RecipeName | 'auto';
  /** The rows to train on; default: all. */
  readonly rows?: Rows;
  /**
   * [dataset rows], the owner of each row; `auto` holds out whole owners. Default: the data set's
   * subjects, if each of the rows has exactly one.
   */
  readonly owners?: Uint32Array;
  /** Seed of everything random; default 0. */
  readonly seed?: number;
  /**
   * Whether the model's facts, and so its file, have the digest of the rows, with which an auditor
   * knows that they are the same. Every feature is hashed, which for the recipe `fast` takes notable time.
   * Default false.
   */
  readonly digest?: boolean;
}

const TRAIN_MODEL_OPTIONS: KnownFields<TrainModelOptions> = {
  ...RUN_OPTIONS,
  ...HYPER_PARAMETERS,
  ...{ recipe: true, rows: true, owners: true, seed: true, digest: true },
};

export interface TrainedModel {
  /** A new model with the given widths; it records the recipe, unless exactRetrain found none. */
  readonly model: Model;
  /**
   * The recipe with the hyper-parameters that are not its defaults. Where `fast` came to nothing,
   * `steady` has trained the model instead, as `reasons` say.
   */
  readonly recipe: RecordedRecipe;
  /** How `auto` has chosen it. */
  readonly choice?: RecipeChoice;
  /** On a sample of the rows that the model was trained on. */
  readonly quality: Quality;
  /** Steps of all networks of the model; a run that diverges does not count. */
  readonly steps: number;
  /** Seconds by phase. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Of the whole call, including the choice. Zeros and a run that diverges count in full. */
  readonly multiplyAdds: number;
  /** The decisions of the recipe, one line each. */
  readonly reasons: readonly string[];
}

/** The sample of the rows on which a model's quality is reported: so large, of so many rows. */
const SAMPLE = { share: 1 / 64, least: 500, most: 2000 };

/**
 * Trains a new model by a recipe, or by one that it chooses.
 *
 * The result depends only on the widths, the contents and order of the rows, and the options, not
 * on other rows of the data set: see docs/exact-retraining.md.
 *
 * @param widths inputs, hidden layers, classes, as Model.create takes them
 * @throws {LetheError} as Model.train
 */
export async function trainModel(
  widths: readonly number[],
  dataset: Dataset,
  trainOptions: TrainModelOptions = {},
): Promise<TrainedModel> {
  requireInstance('dataset', dataset, Dataset);
  const options = requireKnownFields('options', trainOptions, TRAIN_MODEL_OPTIONS);
  const { recipe: name = 'auto' } = options;
  requireOneOf('recipe', name, ['auto', ...RECIPE_NAMES]);
  const run = trainingRun(widths, dataset, options);
  const owners = checkOwners(name, 'auto', options.owners, dataset);
  return guarded(run, options, (encoded) => {
    if (name !== 'auto') {
      const record = recordOf(name, options, run.widths, run.rows.length);
      return trainAgain(encoded, record, options);
    }
    refuseOthers(name, options);
    return trainByChoice(encoded, owners, options);
  });
}

/**
 * Trains while no row can be erased, which between two passes would end the run. Where columns are
 * encoded, it fits the encoding on the rows of the run alone, and `train` is given their inputs.
 *
 * @param options.digest whether the model of the result is to know the digest of the rows
 */
export function guarded<Trained extends TrainedModel>(
  run: TrainingRun,
  { digest = false, threads }: Pick<TrainModelOptions, 'digest' | 'threads'>,
  train: (run: TrainingRun) => Promise<Trained>,
): Promise<Trained> {
  requireBoolean('digest', digest);
  const { dataset, rows } = run;
  return whileReading(dataset, async () => {
    const encoded = await encodedRun(run, threads);
    const trained = await train(encoded);
    const facts = {
      ...factsOfSchema(dataset, run.widths, encoded.dataset.inputMap),
      ...(digest && { dataDigest: await dataset.digest(rows) }),
    };
    return {
      ...trained,
      model: described(trained.model, facts),
      multiplyAdds: trained.multiplyAdds + encodingWork(run),
    };
  });
}

/** Trains by the recipe that it chooses. */
export async function trainByChoice(
  run: TrainingRun,
  owners: Uint32Array | undefined,
  options: PhasedOptions,
): Promise<TrainedModel> {
  const { dataset, rows } = run;
  const known = owners === undefined ? dataset.subjects.owners(rows) : { owners };
  const owner = 'owners' in known ? known.owners : undefined;
  const choice = await chooseRecipe(run, owner, options);
  const trained = await trainBy(choice.recipe, run, options);
  const single =
    'reason' in known && dataset.subjects.size > 0
      ? [`${known.reason}: rows were held out one by one, not by owner`]
      : [];
  const whole = {
    ...trained,
    multiplyAdds: choice.multiplyAdds + trained.multiplyAdds,
    reasons: [...single, ...choice.reasons, ...trained.reasons],
  };
  return { ...(await finish(run, choice.recipe, whole, options)), choice };
}

/** Trains by a recorded recipe. */
export async function trainAgain(
  run: TrainingRun,
  record: RecordedRecipe,
  options: PhasedOptions,
): Promise<TrainedModel> {
  return finish(run, record, await trainBy(record, run, options), options);
}

/** Trains by the recipe that the rows allow; the model records none. */
export async function trainWithoutRecord(
  run: TrainingRun,
  options: PhasedOptions,
): Promise<TrainedModel> {
  const { recipe, ...trained } = await trainUnrecorded(run, options);
  const finished = await finish(run, recipe, trained, options);
  return { ...finished, model: described(finished.model, { recipe: undefined }) };
}

/** Checks what every recipe is given. */
export function trainingRun(
  widths: readonly number[],
  dataset: Dataset,
  { rows = dataset.allRows(), seed = 0 }: Pick<TrainModelOptions, 'rows' | 'seed'>,
): TrainingRun {
  return {
    widths: checkShape(widths, dataset),
    dataset,
    rows: dataset.nonEmptyRowSet(rows, 'set of rows'),
    seed: requireInteger('seed', seed, 0),
    watch: new Stopwatch(),
  };
}

/** A model's quality on a sample of a run's rows, the same for every model; and its multiply-adds. */
export async function reportQuality(
  model: Model,
  { dataset, rows, seed }: TrainingRun,
  options: PhasedOptions,
): Promise<{ readonly quality: Quality; readonly multiplyAdds: number }> {
  const wanted = Math.round(SAMPLE.share * rows.length);
  const sample = sampleRows(rows, Math.min(SAMPLE.most, Math.max(SAMPLE.least, wanted)), seed);
  const quality = await measureQuality(model, dataset, sample, withoutProgress(options));
  return { quality, multiplyAdds: sample.length * forwardWork(model.widths) };
}

async function finish(
  run: TrainingRun,
  recipe: RecordedRecipe,
  { model, steps, multiplyAdds, reasons }: RecipeResult,
  options: PhasedOptions,
): Promise<TrainedModel> {
  const report = await reportQuality(model, run, options);
  run.watch.lap('report');
  return {
    model: described(model, { recipe }),
    ...{ recipe, quality: report.quality, steps },
    seconds: run.watch.seconds,
    multiplyAdds: multiplyAdds + report.multiplyAdds,
    reasons: [...reasons, ...warnings(report.quality)],
  };
}

/** Says so where the model has learnt nothing. */
function warnings({ accuracy, mostFrequentClass }: Quality): string[] {
  if (accuracy > mostFrequentClass || mostFrequentClass === 100) return [];
  return [
    `no better than the most frequent class: ${accuracy.toFixed(1)} % of a sample of the rows are ` +
      `right, and that class alone is ${mostFrequentClass.toFixed(1)} % of them`,
  ];
}

/** Checks the widths, also against the data set. */
function checkShape(
  wanted: readonly number[],
  { inputs, classes, name, encoding }: Dataset,
): readonly number[] {
  const widths = checkWidths(wanted);
  if (widths[0] === inputs && widths.at(-1)! >= classes) return widths;
  const what = encoding ? 'inputs that the columns' : 'columns';
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `widths must begin with the ${inputs} ${what} of ${name} ${encoding ? 'become ' : ''}and end with at least its ` +
      `${classes} classes, but are [${widths.join(', ')}]`,
  );
}

/**
 * A copy of the owners, because the caller may change them before rows are held out.
 *
 * @param chooser the recipe that holds out rows
 */
export function checkOwners(
  recipe: string,
  chooser: string,
  owners: Uint32Array | undefined,
  dataset: Dataset,
): Uint32Array | undefined {
  if (owners === undefined) return undefined;
  if (recipe !== chooser) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `owners are for the recipe "${chooser}", which holds out rows, but the recipe is "${recipe}"`,
    );
  }
  return new Uint32Array(requireOwners(owners, dataset));
}

/** Requires the owner of each row of a data set. */
export function requireOwners(owners: Uint32Array, { rows, name }: Dataset): Uint32Array {
  if (requireInstance('owners', owners, Uint32Array).length === rows) return owners;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `owners must hold one owner for each of the ${rows} rows of ${name}, but has ` +
      `${owners.length} values`,
  );
}
