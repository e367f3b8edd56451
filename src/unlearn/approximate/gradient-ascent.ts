import { SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

/**
 * Steps up the loss of the forget set. By default at most 50 steps at a rate of 0.002.
 *
 * Approximate, without any guarantee, and without a bound: too many steps destroy the model, and
 * predictions that are wrong with certainty show who was erased. Sources: Graves, Nagisetty,
 * Ganesh, "Amnesiac machine learning", AAAI 2021; Thudi et al., "Unrolling SGD", EuroS&P 2022.
 */
export const gradientAscent = sgdMethod<SgdOptions>({
  phase: 'ascend',
  names: SGD_OPTIONS,
  defaults: { maxSteps: 50, learningRate: 0.002 },
  rows: ({ forget }) => ({ rows: forget }),
  objective: () => ({ target: 'label', weight: -1 }),
});
