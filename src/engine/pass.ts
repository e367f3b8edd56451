import {
  requireArray,
  requireInstance,
  requireInteger,
  requireObject,
  requireOneOf,
} from '../base/arguments.js';
import { Dataset, type Rows } from './dataset.js';
import type { Model } from './model.js';
import type { NativeObjective, NativePlan, NativeSink, PassOutcome } from './native.js';
import { type RunOptions, runNative } from './run.js';
import { nativeSchedule, type Schedule } from './schedule.js';

/** Which rows a pass visits, in which batches. */
export interface Plan {
  readonly rows: Rows;
  /** Rows a step; the last batch of an epoch may be smaller. Default 128. */
  readonly batchSize?: number;
  /** Default 1. */
  readonly epochs?: number;
  /** Stop after so many steps. */
  readonly maxSteps?: number;
  /** Reshuffle every epoch from this seed; without it the rows are visited in their order. */
  readonly shuffleSeed?: number;
  /** Rows beside `rows`, of which every epoch visits a fresh sample; needs `shuffleSeed`. */
  readonly sampledRows?: Rows;
  /** How many of `sampledRows`, without replacement. */
  readonly samplesPerEpoch?: number;
  /**
   * Of each batch only so many rows, those of the largest loss, go on to the backward pass, of a
   * smaller last batch the same share; the gradient is their mean. Only for sinks that change the model.
   */
  readonly hardest?: number;
}

/**
 * The target distribution q of each row; the loss is KL(q || softmax(logits)), cross-entropy for a
 * one-hot q, and the gradient at the logits weight rowWeight (softmax(logits) - q) / batch.
 */
export type Objective = {
  readonly weight?: number;
  /** Float32 [dataset rows]; a negative one ascends. Default: 1 for all. */
  readonly rowWeights?: Float32Array;
} & (
  | { readonly target: 'label' | 'uniform' }
  /** The model's own distribution without these classes, renormalized and held constant. */
  | { readonly target: 'masked'; readonly removedClasses: readonly number[] }
  /** Float32 [dataset rows, classes]. */
  | { readonly target: 'explicit'; readonly distributions: Float32Array }
);

/** What becomes of the gradients, and with `logits` and `rowLosses` of the forward pass alone. */
export type Sink =
  /** As torch.optim.SGD; by default without momentum, L2 weight decay and Nesterov. */
  | {
      readonly kind: 'sgd';
      readonly learningRate: number | Schedule;
      readonly momentum?: number;
      readonly weightDecay?: number;
      readonly nesterov?: boolean;
      /**
       * Also answers, in `values`, the sum of the parameters' changes in the steps whose batch held
       * one of these rows, chosen by `hardest` or not.
       */
      readonly trackedRows?: Rows;
    }
  /** p -= clamp(learningRate g / (fisher + alpha), +-clamp); `fisher`: one value per parameter. */
  | {
      readonly kind: 'clampedFisher';
      readonly fisher: Float32Array;
      readonly learningRate: number;
      readonly alpha: number;
      readonly clamp: number;
    }
  /** The gradient of the mean loss over all rows of the plan. */
  | { readonly kind: 'gradient' }
  /** The Fisher diagonal over the rows seen, see FisherOptions. */
  | { readonly kind: 'squaredGradient'; readonly mode: 'batch' | 'perRow' }
  /**
   * The Kronecker factors of the Fisher information over the rows seen, layer by layer: the mean of
   * a aᵀ, a the layer's inputs and a 1, [inputs + 1, inputs + 1]; then that of d dᵀ, d the gradient at
   * its outputs, [outputs, outputs].
   */
  | { readonly kind: 'kroneckerFactors' }
  /** The logits, float32 [rows, classes]. */
  | { readonly kind: 'logits' }
  /** The loss of each row, and 1 where its label has the largest logit, else 0: float32 [rows, 2]. */
  | { readonly kind: 'rowLosses' };

const SINKS = [
  'sgd',
  'clampedFisher',
  'gradient',
  'squaredGradient',
  'kroneckerFactors',
  'logits',
  'rowLosses',
] as const;

function nativePlan(dataset: Dataset, plan: Plan): NativePlan {
  const { batchSize = 128, epochs = 1, maxSteps, shuffleSeed } = requireObject('plan', plan);
  const { sampledRows, samplesPerEpoch, hardest } = plan;
  const samples = sampledRows !== undefined || samplesPerEpoch !== undefined;
  return {
    ...(samples
      ? sampled(dataset, plan.rows, sampledRows!, samplesPerEpoch!)
      : { rows: dataset.checkNonEmptyRows(plan.rows, 'set of rows') }),
    ...(hardest !== undefined && { hardest: requireInteger('hardest', hardest, 1, batchSize) }),
    batchSize: requireInteger('batchSize', batchSize, 1, 0xffffffff),
    epochs: requireInteger('epochs', epochs, 1, 0xffffffff),
    ...(maxSteps !== undefined && { maxSteps: requireInteger('maxSteps', maxSteps, 1) }),
    ...(shuffleSeed !== undefined && {
      shuffleSeed: requireInteger('shuffleSeed', shuffleSeed, 0),
    }),
  };
}

function sampled(dataset: Dataset, always: Rows, pool: Rows, samplesPerEpoch: number) {
  const [rows, sampledRows] = dataset.checkDisjointRows(always, pool);
  requireInteger('samplesPerEpoch', samplesPerEpoch, 1, sampledRows.length);
  return { rows, sampledRows, samplesPerEpoch };
}

function nativeObjective(objective: Objective, classes: number): NativeObjective {
  requireObject('objective', objective);
  const { target, weight = 1, rowWeights } = objective;
  const weights = {
    weight,
    ...(rowWeights !== undefined && { rowWeights }),
  };
  requireOneOf('target', target, ['label', 'uniform', 'masked', 'explicit']);
  if (target === 'masked') {
    const removed = new Uint8Array(classes);
    for (const label of requireArray('removedClasses', objective.removedClasses)) {
      removed[requireInteger('a removed class', label, 0, classes - 1)] = 1;
    }
    return { target, ...weights, removed };
  }
  if (target === 'explicit') return { target, ...weights, distributions: objective.distributions };
  return { target, ...weights };
}

function nativeSink(dataset: Dataset, sink: Sink): NativeSink {
  requireOneOf('the kind of the sink', requireObject('sink', sink).kind, SINKS);
  if (sink.kind !== 'sgd') return sink;
  const { momentum = 0, weightDecay = 0, nesterov = false, trackedRows } = sink;
  const learningRate = nativeSchedule('learningRate', sink.learningRate);
  return {
    ...{ kind: 'sgd', learningRate, momentum, weightDecay, nesterov },
    ...(trackedRows !== undefined && {
      trackedRows: dataset.checkNonEmptyRows(trackedRows, 'set of tracked rows'),
    }),
  };
}

/**
 * The one primitive: visits the plan's batches, computes the objective's gradient and feeds the
 * sink. `sgd` and `clampedFisher` change the model, at the end and as a whole; `gradient` and
 * `squaredGradient` answer one value per parameter, `kroneckerFactors` the factors, `logits` and
 * `rowLosses` values for each row, in `values`.
 * The result depends on the arguments and `precision` alone, not on threads, device or instruction set.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_BUSY, ERR_ABORTED,
 * ERR_DIVERGED, ERR_OUT_OF_MEMORY, ERR_NO_DEVICE, ERR_DEVICE_FAILED
 */
export async function pass(
  model: Model,
  dataset: Dataset,
  plan: Plan,
  objective: Objective,
  sink: Sink,
  options: RunOptions = {},
): Promise<PassOutcome> {
  requireObject('model', model);
  requireInstance('dataset', dataset, Dataset);
  return runNative(options, (addon, compute, onProgress) =>
    addon.pass(
      {
        model: model.handle,
        dataset: dataset.handle,
        ...compute,
        plan: nativePlan(dataset, plan),
        objective: nativeObjective(objective, model.classes),
        sink: nativeSink(dataset, sink),
      },
      onProgress,
    ),
  );
}
