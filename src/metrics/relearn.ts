import {
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requirePositive,
} from '../base/arguments.js';
import { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import type { Rows } from '../engine/row-set.js';
import { type RunOptions, SILENT_RUN_OPTIONS, withoutProgress } from '../engine/run.js';
import { defined, type Metric, undefinedBecause } from './metric.js';

export interface RelearnOptions extends Omit<RunOptions, 'onProgress'> {
  readonly forget: Rows;
  /** Other rows to train on: each epoch samples as many as there are forget rows. Default: none. */
  readonly otherRows?: Rows;
  /** The accuracy to reach on the forget rows, in percent. */
  readonly goal: number;
  readonly learningRate: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Default 1,000. */
  readonly maxSteps?: number;
  /** Default 0. */
  readonly seed?: number;
}

const RELEARN_OPTIONS: KnownFields<RelearnOptions> = {
  ...SILENT_RUN_OPTIONS,
  ...{ forget: true, otherRows: true, goal: true, learningRate: true },
  ...{ momentum: true, batchSize: true, maxSteps: true, seed: true },
};

/**
 * The number of SGD steps until the accuracy on the forget rows reaches a goal: few if their traces
 * were only hidden. Found by bisection: after this many steps the goal is reached, after one fewer
 * it is not.
 *
 * Source: Golatkar, Achille, Soatto, "Eternal sunshine of the spotless net", CVPR 2020, section 6
 * (relearn time).
 *
 * @throws {LetheError} as Model.train
 */
export async function relearnSteps(
  model: Model,
  dataset: Dataset,
  wanted: RelearnOptions,
): Promise<Metric> {
  requireInstance('model', model, Model);
  requireInstance('dataset', dataset, Dataset);
  const options = requireKnownFields('options', wanted, RELEARN_OPTIONS);
  const { goal, learningRate, momentum = 0 } = options;
  const { batchSize = 128, maxSteps = 1000, seed = 0 } = options;
  requirePositive('goal', goal);
  requireInteger('maxSteps', maxSteps, 1);
  const forget = dataset.nonEmptyRowSet(options.forget, 'forget set');
  const otherRows =
    options.otherRows && dataset.nonEmptyRowSet(options.otherRows, 'set of other rows');
  const samplesPerEpoch = Math.min(forget.length, otherRows?.length ?? 0);
  const stepsPerEpoch = Math.ceil((forget.length + samplesPerEpoch) / batchSize);
  const run = withoutProgress(options);

  const original = model.clone();
  const reaches = async (steps: number) => {
    const relearnt = original.clone();
    if (steps > 0) {
      await relearnt.train(dataset, {
        ...run,
        ...{ rows: forget, batchSize, learningRate, momentum, seed, maxSteps: steps },
        ...(otherRows && { sampledRows: otherRows, samplesPerEpoch }),
        epochs: Math.ceil(steps / stepsPerEpoch),
      });
    }
    return (await relearnt.evaluate(dataset, forget, run)).accuracy >= goal;
  };
  if (await reaches(0)) return defined(0);
  let missed = 0;
  let reached = 1;
  while (!(await reaches(reached))) {
    if (reached === maxSteps) return undefinedBecause(`not reached in ${maxSteps} steps`);
    missed = reached;
    reached = Math.min(maxSteps, 2 * reached);
  }
  while (reached - missed > 1) {
    const middle = (reached + missed) >>> 1;
    if (await reaches(middle)) reached = middle;
    else missed = middle;
  }
  return defined(reached);
}
