import { requireNonNegative } from '../../base/arguments.js';
import { bothSets, fallingFrom, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

export interface NegGradPlusOptions extends SgdOptions {
  /** How much the ascent on a forget row weighs beside the descent on a retain row; default 0.05. */
  readonly forgetWeight?: number;
  /** Retain rows that each epoch visits; default: as many as there are forget rows. */
  readonly retainPerEpoch?: number;
}

/**
 * Down the loss of the retain set and, in the same batches, up that of the forget set. By default 138
 * steps, the rate falling from 0.02 to 0, momentum 0.9.
 *
 * Approximate, without any guarantee, and without a bound: on a whole class the ascent destroys the
 * model, unless `forgetWeight` is far smaller.
 * Source: Kurmanji, Triantafillou, Hayes, Triantafillou, "Towards unbounded machine unlearning",
 * NeurIPS 2023, section 5 (NegGrad+).
 */
export const negGradPlus = sgdMethod<NegGradPlusOptions>({
  phase: 'train',
  names: { ...SGD_OPTIONS, forgetWeight: true, retainPerEpoch: true },
  defaults: { epochs: 1000, maxSteps: 138, momentum: 0.9, learningRate: fallingFrom(0.02) },
  rows: (split, { retainPerEpoch }) => bothSets(split, retainPerEpoch),
  objective: ({ dataset }, { forget }, { forgetWeight = 0.05 }) => {
    requireNonNegative('forgetWeight', forgetWeight);
    const rowWeights = new Float32Array(dataset.rows).fill(1);
    for (const row of forget) rowWeights[row] = -forgetWeight;
    return { target: 'label', rowWeights };
  },
});
