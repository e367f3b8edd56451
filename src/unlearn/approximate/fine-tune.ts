import { fallingFrom, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

/**
 * Continues training on the retain set alone, in the hope that the forget set is overwritten. By
 * default 90 steps with a learning rate falling from 0.02 to 0 and momentum 0.9.
 *
 * Approximate, without any guarantee: the accuracy on MNIST's forgotten class 0 stays at 97 %. The
 * usual baseline of comparisons, e.g. in Golatkar, Achille, Soatto, CVPR 2020.
 */
export const fineTune = sgdMethod<SgdOptions>({
  phase: 'train',
  names: SGD_OPTIONS,
  defaults: { epochs: 1000, maxSteps: 90, momentum: 0.9, learningRate: fallingFrom(0.02) },
  rows: ({ retain }) => ({ rows: retain }),
  objective: () => ({ target: 'label' }),
});
