import { fallingFrom, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

/**
 * Goes on training on the retain set and hopes that the rest is forgotten. By default 90 steps, the
 * rate falling from 0.02 to 0, momentum 0.9.
 *
 * Approximate, without any guarantee: on MNIST's class 0 it leaves 97 % of the forgotten class. A
 * baseline of every comparison, e.g. Golatkar, Achille, Soatto, CVPR 2020.
 */
export const fineTune = sgdMethod<SgdOptions>({
  phase: 'train',
  names: SGD_OPTIONS,
  defaults: { epochs: 1000, maxSteps: 90, momentum: 0.9, learningRate: fallingFrom(0.02) },
  rows: ({ retain }) => ({ rows: retain }),
  objective: () => ({ target: 'label' }),
});
