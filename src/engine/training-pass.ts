import { given, type KnownFields, requireNonNegative } from '../base/arguments.js';
import type { Dataset } from './dataset.js';
import type { InputScaling, Plan, Sink } from './pass.js';
import type { Rows } from './row-set.js';
import { RUN_OPTIONS, type RunOptions } from './run.js';
import type { Schedule } from './schedule.js';

export interface TrainOptions
  extends RunOptions,
    Pick<Plan, 'maxSteps' | 'sampledRows' | 'samplesPerEpoch' | 'hardest'> {
  /** The rows to train on; default: all. */
  readonly rows?: Rows;
  /** Default 5. */
  readonly epochs?: number;
  /** Default 128; the last batch of an epoch may be smaller. */
  readonly batchSize?: number;
  /** A constant or a schedule over the run; default 0.01. */
  readonly learningRate?: number | Schedule;
  /** In [0, 1); default 0.9. Momentum starts at zero in each run. */
  readonly momentum?: number;
  /** L2 regularization, added to the gradient of every parameter; default 0. */
  readonly weightDecay?: number;
  /** Default false. */
  readonly nesterov?: boolean;
  /** Seed of the batch order; default 0. */
  readonly seed?: number;
  /** Trains as if the inputs were scaled, see InputScaling; not with `weightDecay`. */
  readonly inputScaling?: InputScaling;
}

export const TRAIN_OPTIONS: KnownFields<TrainOptions> = {
  ...RUN_OPTIONS,
  ...{ maxSteps: true, sampledRows: true, samplesPerEpoch: true, hardest: true },
  ...{ rows: true, epochs: true, batchSize: true, learningRate: true },
  ...{ momentum: true, weightDecay: true, nesterov: true, seed: true, inputScaling: true },
};

/** The plan and the sink of a training with these options, with defaults filled in. */
export function trainingPass(
  dataset: Dataset,
  options: TrainOptions,
): { plan: Plan; sink: Sink & { kind: 'sgd' } } {
  const { rows = dataset.allRows(), epochs = 5, batchSize = 128, seed = 0 } = options;
  const { learningRate = 0.01, momentum = 0.9, weightDecay = 0, nesterov = false } = options;
  const { maxSteps, sampledRows, samplesPerEpoch, hardest, inputScaling } = options;
  requireNonNegative('momentum', momentum, 1);
  requireNonNegative('weightDecay', weightDecay);
  return {
    plan: {
      ...{ rows, epochs, batchSize, shuffleSeed: seed },
      ...given({ maxSteps, sampledRows, samplesPerEpoch, hardest } as Partial<Plan>),
    },
    sink: {
      ...{ kind: 'sgd', learningRate, momentum, weightDecay, nesterov },
      ...(inputScaling !== undefined && { inputScaling }),
    },
  };
}
