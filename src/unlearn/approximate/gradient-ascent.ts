import { SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

/**
 * Gradient ascent on the loss of the forget set. By default one epoch of at most 50 steps with
 * learning rate 0.002.
 *
 * Approximate, without any guarantee. The loss is unbounded: too many steps destroy the model, and
 * confidently wrong predictions reveal who was erased. Sources: Graves, Nagisetty,
 * Ganesh, "Amnesiac machine learning", AAAI 2021; Thudi et al., "Unrolling SGD", EuroS&P 2022.
 */
export const gradientAscent = sgdMethod<SgdOptions>({
  phase: 'ascend',
  names: SGD_OPTIONS,
  defaults: { maxSteps: 50, learningRate: 0.002 },
  rows: ({ forget }) => ({ rows: forget }),
  objective: () => ({ target: 'label', weight: -1 }),
});
