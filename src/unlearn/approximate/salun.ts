import {
  type KnownFields,
  requireFinite,
  requireKnownFields,
  requirePositive,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { trainingWork } from '../../engine/cost.js';
import { pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import { type UnlearningOptions, unlearningMethod } from '../method.js';
import { bothSets } from '../steps/sgd.js';
import { labelsWithOthers } from './random-label.js';

export interface SalunOptions extends UnlearningOptions {
  /** The share of the parameters that may change, in (0, 1]; default 0.5. */
  readonly share?: number;
  /** Default 0.1, without momentum. */
  readonly learningRate?: number;
  /** Default 1. */
  readonly epochs?: number;
  /** Default 90. */
  readonly maxSteps?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Retain rows that each epoch visits; default: as many as there are forget rows, or all. */
  readonly retainPerEpoch?: number;
  /** Default 0. */
  readonly seed?: number;
}

const OPTIONS: KnownFields<SalunOptions> = {
  ...RUN_OPTIONS,
  ...{ share: true, learningRate: true, epochs: true, maxSteps: true },
  ...{ batchSize: true, retainPerEpoch: true, seed: true },
};

/**
 * A Fisher value so large that the clamped step, which divides by it, leaves the parameter
 * unchanged.
 */
const FROZEN = 3e38;
/** A clamp that never applies. */
const UNBOUNDED = 3e38;

/**
 * As `randomLabel`, but only the parameters to which the forget set's loss is most sensitive may
 * change, i.e. those with the largest gradients.
 *
 * Approximate, without any guarantee, with the limits of `randomLabel`. Source: Fan et al., "SalUn:
 * Empowering machine unlearning via gradient-based weight saliency", ICLR 2024, section 4.
 */
export const salun = unlearningMethod<SalunOptions>(
  async ({ model: original, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { share = 0.5, learningRate = 0.1, retainPerEpoch } = options;
    const { epochs = 1, maxSteps = 90, batchSize = 128, seed = 0 } = options;
    requireFinite('share', share);
    if (!(share > 0 && share <= 1)) {
      throw new LetheError('ERR_INVALID_ARGUMENT', `share must be in (0, 1], but is ${share}`);
    }
    requirePositive('learningRate', learningRate);
    const watch = new Stopwatch();
    const model = original.clone();
    const saliency = await pass(
      model,
      dataset,
      { rows: forget, batchSize },
      { target: 'label' },
      { kind: 'gradient' },
      inPhase('saliency', options),
    );
    const fisher = frozenBelow(saliency.values!, share);
    watch.lap('saliency');
    const { steps, rows } = await pass(
      model,
      dataset,
      {
        ...bothSets({ forget, retain }, retainPerEpoch),
        ...{ batchSize, epochs, maxSteps, shuffleSeed: seed },
      },
      {
        target: 'explicit',
        distributions: labelsWithOthers(dataset, forget, model.classes, seed),
      },
      { kind: 'clampedFisher', fisher, learningRate, alpha: 1, clamp: UNBOUNDED },
      inPhase('train', options),
    );
    watch.lap('train');
    return {
      model,
      steps,
      seconds: watch.seconds,
      multiplyAdds: (forget.length + rows) * trainingWork(model.widths),
    };
  },
);

/** 0 for the share of the parameters with the largest gradient, FROZEN for the others. */
function frozenBelow(gradient: Float32Array, share: number): Float32Array {
  const magnitudes = gradient.map(Math.abs);
  const threshold = magnitudes.slice().sort()[Math.floor((1 - share) * gradient.length)]!;
  return magnitudes.map((magnitude) => (magnitude >= threshold ? 0 : FROZEN));
}
