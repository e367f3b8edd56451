import { given, requireInteger } from '../../base/arguments.js';
import { trainingWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { softmax } from '../../engine/evaluation.js';
import type { Model } from '../../engine/model.js';
import { type Objective, type Plan, pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import type { Schedule } from '../../engine/schedule.js';
import type { UnlearningOptions } from '../method.js';

/** What every method that takes steps of SGD lets you choose; each has defaults of its own. */
export interface SgdOptions extends UnlearningOptions {
  readonly epochs?: number;
  /** Stop after so many steps. */
  readonly maxSteps?: number;
  readonly batchSize?: number;
  /** A constant or a schedule over the run. */
  readonly learningRate?: number | Schedule;
  readonly momentum?: number;
  /** Of the order of the rows, and whatever else is random; default 0. */
  readonly seed?: number;
}

export interface SgdRun {
  readonly steps: number;
  readonly multiplyAdds: number;
}

/** Trains the model in place towards an objective; `options` with all defaults filled in. */
export async function runSgd(
  model: Model,
  dataset: Dataset,
  rows: Pick<Plan, 'rows' | 'sampledRows' | 'samplesPerEpoch'>,
  objective: Objective,
  options: SgdOptions & { readonly phase: string },
): Promise<SgdRun> {
  const { phase, epochs = 1, maxSteps, batchSize = 128, seed = 0 } = options;
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
    { kind: 'sgd', learningRate, momentum },
    inPhase(phase, options),
  );
  return { steps: outcome.steps, multiplyAdds: outcome.rows * trainingWork(model.widths) };
}

/** A rate that falls linearly to 0. */
export function fallingFrom(rate: number): Schedule {
  return [
    [0, rate],
    [1, 0],
  ];
}

/** A repair at the end: so many steps on rows that are kept, momentum 0.9, the rate falling to 0. */
export function repair(
  model: Model,
  dataset: Dataset,
  rows: Uint32Array,
  { steps, rate }: { readonly steps: number; readonly rate: number },
  options: SgdOptions,
): Promise<SgdRun> {
  return runSgd(
    model,
    dataset,
    { rows },
    { target: 'label' },
    {
      ...{ phase: 'train', momentum: 0.9, learningRate: fallingFrom(rate) },
      ...given(options),
      ...{ epochs: steps, maxSteps: steps },
    },
  );
}

/** Multiplies the weights, but no biases, from a layer on. */
export function shrinkWeights(
  parameters: Float32Array,
  widths: readonly number[],
  factor: number,
  firstLayer = 0,
): void {
  let offset = 0;
  for (let layer = 0; layer < widths.length - 1; layer++) {
    const end = offset + widths[layer]! * widths[layer + 1]!;
    for (let i = offset; layer >= firstLayer && i < end; i++) parameters[i]! *= factor;
    offset = end + widths[layer + 1]!;
  }
}

/** The forget rows and, beside them, as many retain rows an epoch, or fewer if there are no more. */
export function bothSets(forget: Uint32Array, retain: Uint32Array, retainPerEpoch?: number) {
  const samplesPerEpoch = retainPerEpoch ?? Math.min(forget.length, retain.length);
  requireInteger('retainPerEpoch', samplesPerEpoch, 1, retain.length);
  return { rows: forget, sampledRows: retain, samplesPerEpoch };
}

/** Distributions for all rows of the data set, of which these rows get those of softmax(logits). */
export function putSoftmax(
  distributions: Float32Array,
  rows: Uint32Array,
  logits: Float32Array,
  classes: number,
): void {
  const probabilities = softmax(logits, classes);
  rows.forEach((row, i) => {
    distributions.set(probabilities.subarray(i * classes, (i + 1) * classes), row * classes);
  });
}
