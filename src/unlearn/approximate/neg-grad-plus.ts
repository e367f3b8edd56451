import { requireNonNegative } from '../../base/arguments.js';
import { bothSets, fallingFrom, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

export interface NegGradPlusOptions extends SgdOptions {
  /**
   * The weight of the ascent on a forget row, relative to the descent on a retain row; default
   * 0.05.
   */
  readonly forgetWeight?: number;
  /** Retain rows that each epoch visits; default: as many as there are forget rows, or all. */
  readonly retainPerEpoch?: number;
}

/**
 * Descends the loss of the retain set and, in the same batches, ascends that of the forget set. By
 * default 138 steps with a learning rate falling from 0.02 to 0 and momentum 0.9.
 *
 * Approximate, without any guarantee. The ascent is unbounded: on a whole class it destroys the
 * model unless `forgetWeight` is far smaller.
 * Source: Kurmanji, Triantafillou, Hayes, Triantafillou, "Towards unbounded machine unlearning",
 * NeurIPS 2023, section 5 (NegGrad+).
 */
export const negGradPlus = sgdMethod<NegGradPlusOptions>({
  phase: 'train',
  names: { ...SGD_OPTIONS, forgetWeight: true, retainPerEpoch: true },
  defaults: { epochs: 1000, maxSteps: 138, momentum: 0.9, learningRate: fallingFrom(0.02) },
  rows: (split, { retainPerEpoch }) => bothSets(split, retainPerEpoch),
  objective: ({ dataset, forget }, { forgetWeight = 0.05 }) => {
    requireNonNegative('forgetWeight', forgetWeight);
    const rowWeights = new Float32Array(dataset.rows).fill(1);
    for (const row of forget) rowWeights[row] = -forgetWeight;
    return { target: 'label', rowWeights };
  },
});
