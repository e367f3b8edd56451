import {
  fieldsWithout,
  type KnownFields,
  requireArray,
  requireInstance,
  requireKnownFields,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { Dataset } from '../engine/dataset.js';
import { Model, type TrainResult } from '../engine/model.js';
import { checkRunOptions, RUN_OPTIONS, type RunOptions } from '../engine/run.js';
import { shareMachine, shareReporter, sideBySide } from '../engine/side-by-side.js';
import { TRAIN_OPTIONS, type TrainOptions } from '../engine/training-pass.js';

/** One model and how it is trained. */
export interface TrainJob extends Omit<TrainOptions, keyof RunOptions> {
  /** Trained in place; two jobs must not share a model. */
  readonly model: Model;
  readonly dataset: Dataset;
}

const JOB_NAMES: KnownFields<TrainJob> = {
  ...fieldsWithout(TRAIN_OPTIONS, RUN_OPTIONS),
  ...{ model: true, dataset: true },
};

/** The progress of all jobs. */
export interface TrainManyProgress {
  /** Finished models, out of `models`. */
  readonly finished: number;
  readonly models: number;
  /** The finished share of all work, in [0, 1]; every model counts equally. */
  readonly share: number;
}

export interface TrainManyOptions extends Omit<RunOptions, 'onProgress'> {
  /**
   * How many models train at once: on the CPU each on one thread, by default as many as the cores
   * that this process may use; on a CUDA device each in a part of the device, by default 6.
   */
  readonly threads?: number;
  /** Aborts all unfinished trainings with ERR_ABORTED; their models stay as they were. */
  readonly signal?: AbortSignal;
  /**
   * Called at most 20 times a second. If it throws, the run is aborted and throws the same value.
   */
  readonly onProgress?: (progress: TrainManyProgress) => void;
}

/**
 * Trains many models side by side, one on each thread or in a part of the CUDA device. Since they
 * do not wait for each other, every core is fully used. Each model gets the same bits as when
 * trained alone.
 *
 * The first failure aborts the others and is thrown; models that had finished by then stay trained.
 *
 * @returns the results in the order of the jobs
 * @throws {LetheError} as Model.train. The message begins with the place of the failed job in
 * `jobs`, counted from 0: "job 2: " is the third.
 */
export async function trainMany(
  jobs: readonly TrainJob[],
  options: TrainManyOptions = {},
): Promise<TrainResult[]> {
  const { signal, onProgress } = checkRunOptions(options);
  // Copies, because a job that waits for its turn is read after this function has returned.
  const checked = requireArray('jobs', jobs).map((job) =>
    requireKnownFields('a job', job, JOB_NAMES),
  );
  const models = checked.map(({ model }) => requireInstance('the model of a job', model, Model));
  if (new Set(models).size < models.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'two jobs have the same model: clone it for one of them',
    );
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
