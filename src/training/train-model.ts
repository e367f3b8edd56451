import {
  type KnownFields,
  requireInstance,
  requireKnownFields,
  requireOneOf,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { PhiloxPurpose, PhiloxStream } from '../base/philox.js';
import { Stopwatch } from '../base/stopwatch.js';
import { foldWork, forwardWork, mapWork } from '../engine/cost.js';
import { Dataset } from '../engine/dataset.js';
import { checkWidths } from '../engine/layout.js';
import { foldLinearMap, mapDataset } from '../engine/linear-map.js';
import { Model } from '../engine/model.js';
import { inPhase, type PhasedOptions } from '../engine/phases.js';
import { positionsOf, type RowSet, type Rows, trustedRows } from '../engine/row-set.js';
import { withoutProgress } from '../engine/run.js';
import { divergence, trainNarrowNets } from './narrow-nets.js';
import { PLAIN_EPOCHS, trainPlainly } from './plain.js';
import { fitProjection, type Projection } from './projection.js';
import {
  FAST_OPTIONS,
  type FastOptions,
  type FastRecipe,
  fastRecipe,
  MOST_NETS,
  refuseFastOptions,
} from './recipe.js';
import { type ScoredRows, scoreRows } from './scorer.js';

export interface TrainModelOptions extends FastOptions {
  /**
   * `fast`: a few percent of the multiply-adds of `plain`; on MNIST, where it was measured, to
   * about the same accuracy. On other data it can lose accuracy, up to tens of points: check the
   * result's accuracy or use `plain`. `plain`: five epochs with the defaults of Model.train.
   * Default `fast`.
   */
  readonly recipe?: 'fast' | 'plain';
  /** The rows to train on; default: all. */
  readonly rows?: Rows;
}

const OPTIONS: KnownFields<TrainModelOptions> = { ...FAST_OPTIONS, recipe: true, rows: true };

export interface TrainedModel {
  /** A new model with the given widths. */
  readonly model: Model;
  /** Steps of all networks, without the scorer's; a run that diverges counts all its steps. */
  readonly steps: number;
  /** Seconds by phase: `project`, `score`, `train` and, for the plain recipe, `retrain`. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Including projection and scorer. Zeros and a run that diverges count in full. */
  readonly multiplyAdds: number;
  /** The decisions of the recipe, one line each. */
  readonly reasons: readonly string[];
}

/** Fewer rows are trained by the plain recipe, which costs little for them. */
const FEWEST_ROWS = 1000;
/** Networks with fewer hidden units are hardly larger than the scorer. */
const FEWEST_UNITS = 32;
/** Rows from which the projection is fitted, and on which the networks are checked. */
const SAMPLE_ROWS = 1000;
/** The second attempt has this many times the steps and visits all rows alike. */
const SECOND_TRY = 2;
/** The third attempt, as long as the plain recipe, divides the learning rate by this. */
const CAUTION = 4;

/**
 * Trains a new model. The fast recipe works on principal components of the features: a thin network
 * finds the hardest rows; narrow networks are trained on these and on samples of the others, and
 * merged into one network of the given widths. If its accuracy on a sample of the training rows is
 * below the thin network's, the narrow networks are trained on all rows, first for twice the steps,
 * then for five epochs at a lower learning rate. If that fails too, the plain recipe runs, and the
 * most accurate model on the sample is returned.
 *
 * This check only compares with a thin network (with `hardestShare` 0 there is none), so the result
 * can be far less accurate than the plain recipe's: look at its accuracy.
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
  const options = requireKnownFields('options', trainOptions, OPTIONS);
  const { rows: wanted = dataset.allRows(), recipe: name = 'fast' } = options;
  requireOneOf('recipe', name, ['fast', 'plain']);
  const shape = checkShape(widths, dataset);
  const rows = dataset.nonEmptyRowSet(wanted, 'set of rows');
  const recipe = fastRecipe(shape, rows.length, options);
  const seeds = seedsFrom(recipe.seed);
  const watch = new Stopwatch();
  const run: Run = { widths: shape, dataset, rows, recipe, seeds, options, watch };
  if (name === 'plain') {
    refuseFastOptions(options);
    return finishPlainly(run, nothingYet('the plain recipe, as asked for'));
  }
  if (rows.length < FEWEST_ROWS) {
    return finishPlainly(run, nothingYet(`under ${FEWEST_ROWS} rows: the plain recipe`));
  }
  if (shape.length === 2 || shape[1]! < FEWEST_UNITS) {
    return finishPlainly(run, nothingYet(`under ${FEWEST_UNITS} hidden units: the plain recipe`));
  }
  const sample = samplePositions(rows.length, recipe.seed);
  const projection = await fitProjection(dataset, atPositions(rows, sample), {
    ...recipe,
    ...{ seed: seeds.projection, threads: options.threads },
  });
  if (!projection) {
    return finishPlainly(run, nothingYet('no feature varies enough to project: the plain recipe'));
  }
  return trainProjected(run, projection, sample);
}

/** Checks the widths, also against the data set. */
function checkShape(
  wanted: readonly number[],
  { columns, classes, name }: Dataset,
): readonly number[] {
  const widths = checkWidths(wanted);
  if (widths[0] === columns && widths.at(-1)! >= classes) return widths;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `widths must begin with the ${columns} columns of ${name} and end with at least its ` +
      `${classes} classes, but are [${widths.join(', ')}]`,
  );
}

interface Run {
  readonly widths: readonly number[];
  readonly dataset: Dataset;
  readonly rows: RowSet;
  readonly recipe: FastRecipe;
  readonly seeds: ReturnType<typeof seedsFrom>;
  readonly options: PhasedOptions;
  readonly watch: Stopwatch;
}

/** The work done so far, and its description. */
interface Account {
  steps: number;
  multiplyAdds: number;
  readonly reasons: string[];
}

function nothingYet(reason: string): Account {
  return { steps: 0, multiplyAdds: 0, reasons: [reason] };
}

async function trainProjected(
  run: Run,
  projection: Projection,
  sample: Uint32Array,
): Promise<TrainedModel> {
  const { dataset, rows, recipe, seeds, options, watch } = run;
  const { map } = projection;
  const account: Account = {
    steps: 0,
    multiplyAdds: projection.multiplyAdds + mapWork(rows.length, map),
    reasons: [...projection.reasons],
  };
  // The projected data set holds only the rows to train on.
  let projected: Dataset | undefined;
  let scored: ScoredRows | undefined;
  const diverged = await divergence(async () => {
    projected = await mapDataset(dataset, map, { ...inPhase('project', options), rows });
    watch.lap('project');
    if (recipe.hardestShare === 0) return;
    const { hardestShare } = recipe;
    scored = await scoreRows(projected, hardestShare, seeds.scorer, inPhase('score', options));
    watch.lap('score');
  });
  if (diverged || !projected) {
    account.reasons.push('values too far apart to project: the plain recipe');
    return finishPlainly(run, account);
  }
  if (scored) {
    account.multiplyAdds += scored.multiplyAdds;
    if (scored.skipped > 0) {
      account.reasons.push(`${scored.skipped} rows given up: their labels are likely wrong`);
    }
  }
  return trainAttempts(run, projection, { projected, sample, scored }, account);
}

/** The results of projection and scoring. */
interface Prepared {
  readonly projected: Dataset;
  /** Positions within the projected data set. */
  readonly sample: Uint32Array;
  readonly scored: ScoredRows | undefined;
}

/** Trains longer with each attempt, until the networks are as accurate as the scorer. */
async function trainAttempts(
  run: Run,
  projection: Projection,
  { projected, sample, scored }: Prepared,
  account: Account,
): Promise<TrainedModel> {
  const { widths, dataset, rows, recipe, seeds, options, watch } = run;
  const evaluate = async (of: Dataset, model: Model, on: RowSet) => {
    account.multiplyAdds += on.length * forwardWork(model.widths);
    return (await model.evaluate(of, on, withoutProgress(options))).accuracy;
  };
  const finish = async (model: Model): Promise<TrainedModel> => {
    const folded = await foldLinearMap(model, projection.map, {
      ...withoutProgress(options),
      inputs: dataset.columns,
    });
    account.multiplyAdds += foldWork(dataset.columns, projected.columns, widths[1]!);
    watch.lap('train');
    return { model: folded, ...account, seconds: watch.seconds };
  };

  const goal = scored ? 100 * scored.accuracy : 0;
  const { steps, batchSize, learningRate } = recipe;
  const attempts = [
    { steps, learningRate, scored },
    { steps: SECOND_TRY * steps, learningRate },
    {
      steps: Math.ceil((PLAIN_EPOCHS * rows.length) / batchSize),
      learningRate: learningRate / CAUTION,
    },
  ];
  const checked = trustedRows(projected, sample);
  let best: Model | undefined;
  let reached = 0;
  let failure: string | undefined;
  for (const attempt of attempts) {
    if (failure) account.reasons.push(`${failure}: longer, on all rows`);
    const { model, reason, ...work } = await trainNarrowNets(
      projected,
      { recipe, ...attempt, classes: widths.at(-1)!, seeds: seeds.nets },
      options,
    );
    account.reasons.push(reason);
    account.steps += work.steps;
    account.multiplyAdds += work.multiplyAdds;
    const accuracy = model && scored ? await evaluate(projected, model, checked) : 0;
    if (model && accuracy >= goal) return finish(model);
    if (model && accuracy > reached) [best, reached] = [model, accuracy];
    failure = model ? 'worse than a thin network' : 'diverged';
  }
  account.reasons.push(`${failure}: the plain recipe`);
  watch.lap('train');
  const plain = await finishPlainly(run, account);
  const reachedPlainly = await evaluate(dataset, plain.model, atPositions(rows, sample));
  if (!best || reachedPlainly >= reached) return { ...plain, multiplyAdds: account.multiplyAdds };
  account.reasons.push('which is worse still: the best of the networks before');
  return finish(best);
}

/** Trains by the plain recipe and adds to the account. */
async function finishPlainly(run: Run, account: Account): Promise<TrainedModel> {
  const { widths, dataset, rows, recipe, options, watch } = run;
  const { seed } = recipe;
  const model = Model.create(widths, { seed });
  const work = await trainPlainly(model, dataset, { rows, seed }, options);
  watch.lap('retrain');
  account.steps += work.steps;
  account.multiplyAdds += work.multiplyAdds;
  return { model, ...account, seconds: watch.seconds };
}

/** Independent seeds for everything random. */
function seedsFrom(seed: number) {
  const stream = new PhiloxStream(seed, PhiloxPurpose.recipeSeeds);
  const next = () => Math.floor(stream.uniform() * 2 ** 53);
  return {
    projection: next(),
    scorer: next(),
    nets: Array.from({ length: MOST_NETS }, () => ({
      ...{ parameters: next(), order: next(), laterOrder: next() },
    })),
  };
}

/** Random positions of SAMPLE_ROWS rows, but at most half of all, in random order. */
function samplePositions(rows: number, seed: number): Uint32Array {
  const stream = new PhiloxStream(seed, PhiloxPurpose.recipeSample);
  const positions = indicesBelow(rows);
  const count = Math.min(SAMPLE_ROWS, rows >>> 1);
  for (let i = 0; i < count; i++) {
    const j = i + stream.below(rows - i);
    [positions[i], positions[j]] = [positions[j]!, positions[i]!];
  }
  return positions.subarray(0, count);
}

/** The rows at these positions of a set. */
function atPositions(rows: RowSet, within: Uint32Array): RowSet {
  const positions = positionsOf(rows);
  return trustedRows(
    rows.dataset,
    within.map((position) => positions[position]!),
  );
}
