import { given, requireObject } from '../../base/arguments.js';
import { checkSplit, type UnlearningMethod } from '../method.js';
import { fallingFrom, runSgd, type SgdOptions } from '../steps/sgd.js';

/**
 * Goes on training on the retain set and hopes that the rest is forgotten. By default 90 steps, the
 * rate falling from 0.02 to 0, momentum 0.9.
 *
 * Approximate, without any guarantee: on MNIST's class 0 it leaves 97 % of the forgotten class. A
 * baseline of every comparison, e.g. Golatkar, Achille, Soatto, CVPR 2020.
 */
export const fineTune: UnlearningMethod<SgdOptions> = async (request, options = {}) => {
  const { retain } = checkSplit(request);
  const start = performance.now();
  const model = request.model.clone();
  const run = await runSgd(
    model,
    request.dataset,
    { rows: retain },
    { target: 'label' },
    {
      ...{ phase: 'train', epochs: 1000, maxSteps: 90, momentum: 0.9 },
      ...{ learningRate: fallingFrom(0.02) },
      ...given(requireObject('options', options)),
    },
  );
  return { model, ...run, seconds: { train: (performance.now() - start) / 1000 } };
};
