import {
  type KnownFields,
  requireArray,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
  requireOneOf,
  requirePositive,
} from '../base/arguments.js';
import { copied } from '../base/copied.js';
import { LetheError } from '../base/errors.js';
import { Dataset, whileReading } from './dataset.js';
import { inputRows } from './encoding/input-rows.js';
import type { NativeObjective, NativePlan, NativeSink, PassOutcome } from './native.js';
import { handleOf, type Network } from './network.js';
import { positionsOf, RowSet, type Rows } from './row-set.js';
import { checkRunOptions, type RunOptions, runNative } from './run.js';
import { nativeSchedule, type Schedule } from './schedule.js';

/** Which rows a pass visits, in which batches. */
export interface Plan {
  readonly rows: Rows;
  /** Rows per step; the last batch of an epoch may be smaller. Default 128. */
  readonly batchSize?: number;
  /** Default 1. */
  readonly epochs?: number;
  /** Stops after this many steps. */
  readonly maxSteps?: number;
  /** Reshuffles the rows in every epoch from this seed; without it they are visited in order. */
  readonly shuffleSeed?: number;
  /** Additional rows, of which every epoch visits a fresh sample; needs `shuffleSeed`. */
  readonly sampledRows?: Rows;
  /** The size of that sample, which is drawn without replacement. */
  readonly samplesPerEpoch?: number;
  /**
   * Only this many rows of each batch, those with the largest loss, take part in the backward pass
   * (in a smaller last batch the same share of it); the gradient is their mean. Only for sinks that
   * change the model.
   */
  readonly hardest?: number;
}

/**
 * The target distribution q of each row; the loss is KL(q || softmax(logits)), cross-entropy for a
 * one-hot q, and the gradient at the logits weight rowWeight (softmax(logits) - q) / batch.
 */
export type Objective = {
  readonly weight?: number;
  /** Float32 [dataset rows]; a negative weight ascends the loss. Default: 1 for all rows. */
  readonly rowWeights?: Float32Array;
} & (
  | { readonly target: 'label' }
  | { readonly target: 'uniform' }
  /** The model's own distribution without these classes, renormalized and held constant. */
  | { readonly target: 'masked'; readonly removedClasses: readonly number[] }
  /** Float32 [dataset rows, classes]. */
  | { readonly target: 'explicit'; readonly distributions: Float32Array }
);

/**
 * Lets SGD train as if every input x were scale (x - centre), although data and model stay as they
 * are: a diagonal preconditioner of the first layer. To begin as an initialized network of such
 * inputs would, multiply the first layer's weights by the scales and subtract from its bias these
 * weights times the centres. Bytes stay bytes, and zeros are skipped as before.
 */
export interface InputScaling {
  /** Float32 [inputs]. */
  readonly centres: Float32Array;
  /** Float32 [inputs], (scale / unit)^2, at least 0; 0: the weights of this input stay as they are. */
  readonly rates: Float32Array;
  /** A power of two about as large as the scales, which keeps their squares in range; default 1. */
  readonly unit?: number;
}

/** What is done with the gradients; `logits` and `rowLosses` need only the forward pass. */
export type Sink =
  /** As torch.optim.SGD; by default without momentum, L2 weight decay or Nesterov momentum. */
  | {
      readonly kind: 'sgd';
      readonly learningRate: number | Schedule;
      readonly momentum?: number;
      readonly weightDecay?: number;
      readonly nesterov?: boolean;
      /**
       * If given, `values` holds the sum of the parameters' changes over all steps whose batch
       * contained one of these rows, whether or not `hardest` selected it.
       */
      readonly trackedRows?: Rows;
      /** Neither with `weightDecay` nor with `trackedRows`. */
      readonly inputScaling?: InputScaling;
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
  /** The diagonal of the Fisher information over the visited rows, see FisherOptions. */
  | { readonly kind: 'squaredGradient'; readonly mode: 'batch' | 'perRow' }
  /**
   * The Kronecker factors of the Fisher information over the visited rows, layer by layer: the mean
   * of a aᵀ, [inputs + 1, inputs + 1], where a is the layer's input followed by a 1; then the mean
   * of d dᵀ, [outputs, outputs], where d is the gradient at the layer's outputs.
   */
  | { readonly kind: 'kroneckerFactors' }
  /** The logits, float32 [rows, classes]. */
  | { readonly kind: 'logits' }
  /** For each row its loss, and 1 if its label has the largest logit, else 0: float32 [rows, 2]. */
  | { readonly kind: 'rowLosses' };

const PLAN_NAMES: KnownFields<Plan> = {
  ...{ rows: true, batchSize: true, epochs: true, maxSteps: true, shuffleSeed: true },
  ...{ sampledRows: true, samplesPerEpoch: true, hardest: true },
};

const SCALING_NAMES: KnownFields<InputScaling> = { centres: true, rates: true, unit: true };

/** The fields that each kind of objective may have. */
const OBJECTIVE_NAMES: {
  readonly [Target in Objective['target']]: KnownFields<Extract<Objective, { target: Target }>>;
} = {
  label: { target: true, weight: true, rowWeights: true },
  uniform: { target: true, weight: true, rowWeights: true },
  masked: { target: true, weight: true, rowWeights: true, removedClasses: true },
  explicit: { target: true, weight: true, rowWeights: true, distributions: true },
};

/** The fields that each kind of sink may have. */
const SINK_NAMES: { readonly [Kind in Sink['kind']]: KnownFields<Extract<Sink, { kind: Kind }>> } =
  {
    sgd: {
      ...{ kind: true, learningRate: true, momentum: true, weightDecay: true },
      ...{ nesterov: true, trackedRows: true, inputScaling: true },
    },
    clampedFisher: { kind: true, fisher: true, learningRate: true, alpha: true, clamp: true },
    gradient: { kind: true },
    squaredGradient: { kind: true, mode: true },
    kroneckerFactors: { kind: true },
    logits: { kind: true },
    rowLosses: { kind: true },
  };

function nativePlan(dataset: Dataset, plan: Plan): NativePlan {
  const { batchSize = 128, epochs = 1, ...rest } = requireKnownFields('plan', plan, PLAN_NAMES);
  const { maxSteps, shuffleSeed, sampledRows, samplesPerEpoch, hardest } = rest;
  const samples = sampledRows !== undefined || samplesPerEpoch !== undefined;
  return {
    ...(samples
      ? sampled(dataset, plan.rows, sampledRows!, samplesPerEpoch!)
      : { rows: positionsOf(dataset.nonEmptyRowSet(plan.rows, 'set of rows')) }),
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
  const [rows, sampledRows] = RowSet.disjoint(dataset, always, pool, ['rows', 'sampledRows']);
  requireInteger('samplesPerEpoch', samplesPerEpoch, 1, sampledRows.length);
  return { rows: positionsOf(rows), sampledRows: positionsOf(sampledRows), samplesPerEpoch };
}

function nativeObjective(wanted: Objective, classes: number): NativeObjective {
  const targets = Object.keys(OBJECTIVE_NAMES) as Objective['target'][];
  const target = requireOneOf('target', requireObject('objective', wanted).target, targets);
  const objective = requireKnownFields('objective', wanted, OBJECTIVE_NAMES[target]);
  const { weight = 1, rowWeights } = objective;
  const weights = {
    weight,
    ...(rowWeights !== undefined && {
      rowWeights: requireInstance('rowWeights', rowWeights, Float32Array),
    }),
  };
  if (objective.target === 'masked') {
    const removed = new Uint8Array(classes);
    for (const label of requireArray('removedClasses', objective.removedClasses)) {
      removed[requireInteger('a removed class', label, 0, classes - 1)] = 1;
    }
    return { target: 'masked', ...weights, removed };
  }
  if (objective.target === 'explicit') {
    const { distributions } = objective;
    requireInstance('distributions', distributions, Float32Array);
    return { target: 'explicit', ...weights, distributions };
  }
  return { target, ...weights };
}

function nativeSink(dataset: Dataset, wanted: Sink): NativeSink {
  const kinds = Object.keys(SINK_NAMES) as Sink['kind'][];
  const kind = requireOneOf('the kind of the sink', requireObject('sink', wanted).kind, kinds);
  const sink: Sink = requireKnownFields('sink', wanted, SINK_NAMES[kind]);
  if (sink.kind === 'clampedFisher') requireInstance('fisher', sink.fisher, Float32Array);
  if (sink.kind !== 'sgd') return sink;
  const { momentum = 0, weightDecay = 0, nesterov = false, trackedRows, inputScaling } = sink;
  const learningRate = nativeSchedule('learningRate', sink.learningRate);
  return {
    ...{ kind: 'sgd', learningRate, momentum, weightDecay, nesterov },
    ...(trackedRows !== undefined && {
      trackedRows: positionsOf(dataset.nonEmptyRowSet(trackedRows, 'set of tracked rows')),
    }),
    ...(inputScaling !== undefined && { inputScaling: nativeScaling(dataset, inputScaling) }),
  };
}

function nativeScaling(dataset: Dataset, scaling: InputScaling): Required<InputScaling> {
  const { centres, rates, unit = 1 } = requireKnownFields('inputScaling', scaling, SCALING_NAMES);
  for (const [name, values] of Object.entries({ centres, rates })) {
    const { length } = requireInstance(`inputScaling.${name}`, values, Float32Array);
    if (length === dataset.inputs) continue;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `inputScaling.${name} must hold one value for each of the ${dataset.inputs} inputs of ` +
        `${dataset.name}, but holds ${length}`,
    );
  }
  return { centres, rates, unit: requirePositive('inputScaling.unit', unit) };
}

/**
 * The primitive that all methods are built on: visits the plan's batches, computes the objective's
 * gradient and passes it to the sink. `sgd` and `clampedFisher` change the model, as a whole and
 * only when the pass has succeeded. The other sinks return `values`: `gradient` and
 * `squaredGradient` one value per parameter, `kroneckerFactors` the factors, `logits` and
 * `rowLosses` values for each row. The result depends only on the arguments and `precision`, not on
 * threads, device or instruction set.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_ERASED_ROW, ERR_EMPTY_SET, ERR_BUSY,
 * ERR_ABORTED, ERR_DIVERGED, ERR_OUT_OF_MEMORY, ERR_NO_DEVICE, ERR_DEVICE_FAILED
 */
export async function pass(
  network: Network,
  dataset: Dataset,
  plan: Plan,
  objective: Objective,
  sink: Sink,
  options: RunOptions = {},
): Promise<PassOutcome> {
  const model = handleOf(network);
  requireInstance('dataset', dataset, Dataset);
  const run = checkRunOptions(options);
  const request = {
    plan: nativePlan(dataset, plan),
    objective: nativeObjective(objective, network.widths.at(-1)!),
    sink: nativeSink(dataset, sink),
  };
  const passOver = ({ handle }: Dataset, own: typeof request) =>
    runNative(run, (addon, compute, onProgress) =>
      addon.pass({ model, dataset: handle, ...compute, ...own }, onProgress),
    );
  return whileReading(dataset, async () => {
    const inputs = inputRows(network, dataset, run.threads);
    if (inputs instanceof Dataset) return passOver(inputs, request);
    // A copy, because the caller may change its arrays while rows are being encoded.
    const own = copied(request);
    return passOver(await inputs, own);
  });
}
