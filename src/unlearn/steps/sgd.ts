import {
  given,
  type KnownFields,
  requireInteger,
  requireKnownFields,
} from '../../base/arguments.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { trainingWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { softmax } from '../../engine/evaluation.js';
import type { Model } from '../../engine/model.js';
import { type Parameters, scale } from '../../engine/parameters.js';
import { type InputScaling, type Objective, type Plan, pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import { positionsOf, type RowSet } from '../../engine/row-set.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import type { Schedule } from '../../engine/schedule.js';
import { inputScalingOf } from '../../training/column-scales.js';
import type { ScaledRows } from '../../training/outliers.js';
import {
  type CheckedRequest,
  type Split,
  type UnlearningMethod,
  type UnlearningOptions,
  unlearningMethod,
} from '../method.js';

/** Options of every method that trains by SGD; each method has its own defaults. */
export interface SgdOptions extends UnlearningOptions {
  readonly epochs?: number;
  /** Stops after this many steps. */
  readonly maxSteps?: number;
  readonly batchSize?: number;
  /** A constant or a schedule over the run. */
  readonly learningRate?: number | Schedule;
  readonly momentum?: number;
  /** Seed of the row order and everything else random; default 0. */
  readonly seed?: number;
}

export const SGD_OPTIONS: KnownFields<SgdOptions> = {
  ...RUN_OPTIONS,
  ...{ epochs: true, maxSteps: true, batchSize: true },
  ...{ learningRate: true, momentum: true, seed: true },
};

/** Which rows a run of SGD visits. */
type VisitedRows = Pick<Plan, 'rows' | 'sampledRows' | 'samplesPerEpoch'>;

interface SgdRun {
  readonly steps: number;
  readonly multiplyAdds: number;
}

/** Trains the model in place towards an objective; `options` include the method's defaults. */
export async function runSgd(
  model: Model,
  dataset: Dataset,
  rows: VisitedRows,
  objective: Objective,
  options: SgdOptions & { readonly phase: string; readonly inputScaling?: InputScaling },
): Promise<SgdRun> {
  const { phase, inputScaling, epochs = 1, maxSteps, batchSize = 128, seed = 0 } = options;
  const { learningRate = 0.01, momentum = 0 } = options;
  requireInteger('seed', seed, 0);
  const outcome = await pass(
    model,
    dataset,
    {
      ...rows,
      ...{ batchSize, epochs, shuffleSeed: seed },
      ...(maxSteps !== undefined && { maxSteps }),
    },
    objective,
    { kind: 'sgd', learningRate, momentum, ...(inputScaling && { inputScaling }) },
    inPhase(phase, options),
  );
  return { steps: outcome.steps, multiplyAdds: outcome.rows * trainingWork(model.widths) };
}

/** The definition of a method that has a single objective. */
interface SgdRecipe<Options extends SgdOptions> {
  /** The name of the phase in progress and in `seconds`. */
  readonly phase: string;
  readonly names: KnownFields<Options>;
  readonly defaults: Omit<SgdOptions, keyof UnlearningOptions>;
  readonly rows: (split: Split, options: Options) => VisitedRows;
  readonly objective: (request: CheckedRequest, options: Options) => Objective;
}

/** Makes a method that trains by SGD towards one objective. */
export function sgdMethod<Options extends SgdOptions>(
  recipe: SgdRecipe<Options>,
): UnlearningMethod<Options> {
  const { phase, names, defaults } = recipe;
  return unlearningMethod<Options>(async (checked, wanted) => {
    const options = requireKnownFields('options', wanted, names);
    const watch = new Stopwatch();
    const rows = recipe.rows(checked, options);
    const objective = recipe.objective(checked, options);
    const model = checked.model.clone();
    const run = await runSgd(model, checked.dataset, rows, objective, {
      ...{ phase, ...defaults },
      ...options,
    });
    watch.lap(phase);
    return { model, ...run, seconds: watch.seconds };
  });
}

/** A learning rate that falls linearly to 0. */
export function fallingFrom(rate: number): Schedule {
  return [
    [0, rate],
    [1, 0],
  ];
}

/** A repair; with scaled rows each column learns as if it were scaled, and outliers weigh less. */
export interface Repair {
  readonly steps: number;
  readonly rate: number;
  readonly scaled?: ScaledRows;
}

/** Repairs a model with SGD steps on retain rows: momentum 0.9, a learning rate falling to 0. */
export function repair(
  model: Model,
  dataset: Dataset,
  rows: RowSet,
  { steps, rate, scaled }: Repair,
  options: SgdOptions,
): Promise<SgdRun> {
  const rowWeights = scaled?.weights;
  return runSgd(
    model,
    dataset,
    { rows },
    { target: 'label', ...(rowWeights && { rowWeights }) },
    {
      ...{ phase: 'train', momentum: 0.9, learningRate: fallingFrom(rate) },
      ...(scaled && { inputScaling: inputScalingOf(scaled.columns) }),
      ...given(options),
      ...{ epochs: steps, maxSteps: steps },
    },
  );
}

/** Multiplies the weights, but not the biases, of a layer and all after it. */
export function shrinkWeights(parameters: Parameters, factor: number, firstLayer = 0): void {
  for (let layer = firstLayer; layer < parameters.layers.length; layer++) {
    scale(parameters.weights(layer), factor);
  }
}

/**
 * The forget rows and, in each epoch, a sample of as many retain rows (or all if there are fewer).
 */
export function bothSets({ forget, retain }: Split, retainPerEpoch?: number): VisitedRows {
  const samplesPerEpoch = retainPerEpoch ?? Math.min(forget.length, retain.length);
  requireInteger('retainPerEpoch', samplesPerEpoch, 1, retain.length);
  return { rows: forget, sampledRows: retain, samplesPerEpoch };
}

/** Writes softmax(logits) to the places of these rows in distributions, [dataset rows, classes]. */
export function putSoftmax(
  distributions: Float32Array,
  rows: RowSet,
  logits: Float32Array,
  classes: number,
): void {
  const probabilities = softmax(logits, classes);
  positionsOf(rows).forEach((row, i) => {
    distributions.set(probabilities.subarray(i * classes, (i + 1) * classes), row * classes);
  });
}
