import {
  type KnownFields,
  requireInteger,
  requireKnownFields,
  requirePositive,
} from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { trainingWork } from '../../engine/cost.js';
import { inPhase } from '../../engine/phases.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import { type UnlearningOptions, unlearningMethod } from '../method.js';

export interface FisherForgetOptions extends UnlearningOptions {
  /** The variance of the noise on a parameter is alpha / (F + minimumFisher); default 1e-7. */
  readonly alpha?: number;
  /** Bounds the noise on parameters that hardly affect the retain set's loss; default 1e-4. */
  readonly minimumFisher?: number;
  /** The number of retain rows from which F is computed; default 4,000, or all if fewer. */
  readonly samples?: number;
  /** Default 0. */
  readonly seed?: number;
}

const OPTIONS: KnownFields<FisherForgetOptions> = {
  ...RUN_OPTIONS,
  ...{ alpha: true, minimumFisher: true, samples: true, seed: true },
};

/**
 * Adds Gaussian noise to every parameter: the less the retain set's loss depends on it, the more.
 *
 * Approximate: the paper's bound on the remaining information holds for a quadratic loss and the
 * exact Fisher information, not for the diagonal F of a neural network; no (epsilon, delta)
 * guarantee follows. Source: Golatkar, Achille, Soatto, "Eternal sunshine of the spotless net",
 * CVPR 2020, section 5 (Fisher forgetting).
 */
export const fisherForget = unlearningMethod<FisherForgetOptions>(
  async ({ model: original, dataset, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { alpha = 1e-7, minimumFisher = 1e-4, samples = 4000, seed = 0 } = options;
    requirePositive('alpha', alpha);
    requirePositive('minimumFisher', minimumFisher);
    requireInteger('samples', samples, 1);
    requireInteger('seed', seed, 0);
    const model = original.clone();
    const watch = new Stopwatch();
    const stream = new PhiloxStream(seed, PhiloxPurpose.fisherRows);
    const sample = retain.shuffled(stream).slice(0, samples);
    const fisher = await model.fisher(dataset, sample, {
      mode: 'perRow',
      ...inPhase('fisher', options),
    });
    const noise = new PhiloxStream(seed, PhiloxPurpose.parameterNoise);
    const parameters = model.parameters().map((parameter, i) => {
      return parameter + Math.sqrt(alpha / (fisher[i]! + minimumFisher)) * normal(noise);
    });
    watch.lap('fisher');
    return {
      model: model.withParameters(parameters),
      steps: 1,
      seconds: watch.seconds,
      multiplyAdds: sample.length * trainingWork(model.widths),
    };
  },
);

/** Box and Muller 1958. */
function normal(stream: PhiloxStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - stream.uniform()));
  return radius * Math.cos(2 * Math.PI * stream.uniform());
}
