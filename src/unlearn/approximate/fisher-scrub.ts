import {
  type KnownFields,
  requireInteger,
  requireKnownFields,
  requireOneOf,
  requirePositive,
} from '../../base/arguments.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { trainingWork } from '../../engine/cost.js';
import { pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import { type UnlearningOptions, unlearningMethod } from '../method.js';

export interface FisherScrubOptions extends UnlearningOptions {
  /**
   * `paper`: the reference study's Fisher diagonal, which is so small that it has no effect.
   * `perRow`: the same step with the diagonal of the empirical Fisher information; on MNIST its
   * mean is about 1.4e-4, so it matters only with an `alpha` of that size and a proportionally
   * smaller `learningRate`. Default `paper`.
   */
  readonly mode?: 'paper' | 'perRow';
  /** Retain rows for the Fisher diagonal, rounded up to whole batches; default 1,000. */
  readonly fisherSamples?: number;
  /** Added to the Fisher diagonal; default 0.5, as in the study. */
  readonly alpha?: number;
  /** Default 0.02, as in the study. */
  readonly learningRate?: number;
  /** The largest change of a parameter in one step; default 0.05. */
  readonly clamp?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Default 50; if the forget set has more batches, the rest of it is not read. */
  readonly maxSteps?: number;
  /** Seed of the order of both sets; default 0. */
  readonly seed?: number;
}

const OPTIONS: KnownFields<FisherScrubOptions> = {
  ...RUN_OPTIONS,
  ...{ mode: true, fisherSamples: true, alpha: true, learningRate: true },
  ...{ clamp: true, batchSize: true, maxSteps: true, seed: true },
};

/**
 * M2 of the reference study (Cui, Li, Lu, Wei 2025, notebook 3): one epoch over the forget set that
 * pulls its predictions towards the uniform distribution. Each step changes a parameter w by
 * -clamp(learningRate g / (F + alpha), +-clamp), where g is the gradient of KL(uniform ||
 * prediction) and F the Fisher diagonal.
 *
 * Approximate, without any guarantee, and kept for comparison: a retrained model does not predict
 * uniformly, so anyone who queries the model can see who was erased. On MNIST, for forget sets that
 * are not a whole class, the result was further from a retrained model than the original was.
 */
export const fisherScrub = unlearningMethod<FisherScrubOptions>(
  async ({ model: original, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { mode = 'paper', fisherSamples = 1000, batchSize = 128, seed = 0 } = options;
    const { alpha = 0.5, learningRate = 0.02, clamp = 0.05, maxSteps = 50 } = options;
    requireOneOf('mode', mode, ['paper', 'perRow']);
    requireInteger('fisherSamples', fisherSamples, 1);
    requirePositive('alpha', alpha);
    requirePositive('learningRate', learningRate);
    requirePositive('clamp', clamp);

    const watch = new Stopwatch();
    const model = original.clone();
    const fisher = await model.fisher(dataset, retain, {
      ...inPhase('fisher', options),
      mode: mode === 'paper' ? 'batch' : 'perRow',
      samples: fisherSamples,
      batchSize,
      seed,
    });
    watch.lap('fisher');
    const { steps, rows } = await pass(
      model,
      dataset,
      { rows: forget, batchSize, maxSteps, shuffleSeed: seed },
      { target: 'uniform' },
      { kind: 'clampedFisher', fisher, learningRate, alpha, clamp },
      inPhase('scrub', options),
    );
    watch.lap('scrub');
    const fisherRows = Math.min(retain.length, Math.ceil(fisherSamples / batchSize) * batchSize);
    const multiplyAdds = (fisherRows + rows) * trainingWork(model.widths);
    return { model, steps, seconds: watch.seconds, multiplyAdds };
  },
);
