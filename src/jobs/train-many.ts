import {
  type Names,
  namesWithout,
  requireArray,
  requireInstance,
  requireNames,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { Dataset } from '../engine/dataset.js';
import { Model, type TrainResult } from '../engine/model.js';
import { checkRunOptions, RUN_OPTIONS, type RunOptions } from '../engine/run.js';
import { shareMachine, shareReporter, sideBySide } from '../engine/side-by-side.js';
import { TRAIN_OPTIONS, type TrainOptions } from '../engine/training-pass.js';

/** One model of an ensemble and how it is trained. */
export interface TrainJob extends Omit<TrainOptions, keyof RunOptions> {
  /** Trained in place; no two jobs may have the same. */
  readonly model: Model;
  readonly dataset: Dataset;
}

const JOB_NAMES: Names<TrainJob> = {
  ...namesWithout(TRAIN_OPTIONS, RUN_OPTIONS),
  ...{ model: true, dataset: true },
};

/** How far an ensemble has come. */
export interface EnsembleProgress {
  /** Models done, of `models`. */
  readonly finished: number;
  readonly models: number;
  /** Of all the work, in [0, 1], counting every model the same. */
  readonly share: number;
}

export interface TrainManyOptions extends Omit<RunOptions, 'onProgress'> {
  /**
   * Models side by side: on the CPU each on one thread, default the cores this process may use; on a CUDA
   * device each in its part of it, default 6.
   */
  readonly threads?: number;
  /** Aborts all that still train with ERR_ABORTED; these models stay as they were. */
  readonly signal?: AbortSignal;
  /** Called at most 20 times a second. What it throws aborts the run and is what the run throws. */
  readonly onProgress?: (progress: EnsembleProgress) => void;
}

/**
 * Trains many models side by side, one on each thread or in a part of the CUDA device: without waiting
 * for each other they use every core fully. Each ends in the bits that training it alone gives.
 *
 * The first failure aborts the others and is thrown; models that were done by then stay trained.
 *
 * @returns the results in the order of the jobs
 * @throws {LetheError} as Model.train, the message beginning with the number of the job
 */
export async function trainMany(
  jobs: readonly TrainJob[],
  options: TrainManyOptions = {},
): Promise<TrainResult[]> {
  const { signal, onProgress } = checkRunOptions(options);
  const checked = requireArray('jobs', jobs);
  const models = checked.map((job) =>
    requireInstance('the model of a job', requireNames('a job', job, JOB_NAMES).model, Model),
  );
  if (new Set(models).size < models.length) {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'two jobs have the same model: clone it first');
  }

  const { atOnce, each } = shareMachine(options, models.length);
  const report =
    onProgress &&
    shareReporter(models.length, (progress) => onProgress({ models: models.length, ...progress }));
  const train = async (
    { model, dataset, ...training }: TrainJob,
    index: number,
    stop: AbortSignal,
  ) => {
    try {
      const result = await model.train(dataset, {
        ...training,
        ...each,
        signal: stop,
        ...(report && {
          onProgress: ({ step, steps }) => report(index, step / steps),
        }),
      });
      report?.(index, 1);
      return result;
    } catch (error) {
      throw named(error, index);
    }
  };
  return sideBySide(checked, atOnce, train, signal);
}

function named(error: unknown, index: number): unknown {
  if (!(error instanceof LetheError)) return error;
  return new LetheError(error.code, `job ${index}: ${error.message}`, { cause: error });
}
