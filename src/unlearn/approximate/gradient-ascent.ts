import { given, requireObject } from '../../base/arguments.js';
import { checkSplit, type UnlearningMethod } from '../method.js';
import { runSgd, type SgdOptions } from '../steps/sgd.js';

/**
 * Steps up the loss of the forget set. By default at most 50 steps at a rate of 0.002.
 *
 * Approximate, without any guarantee, and without a bound: too many steps destroy the model, and
 * predictions that are wrong with certainty show who was erased. Sources: Graves, Nagisetty,
 * Ganesh, "Amnesiac machine learning", AAAI 2021; Thudi et al., "Unrolling SGD", EuroS&P 2022.
 */
export const gradientAscent: UnlearningMethod<SgdOptions> = async (request, options = {}) => {
  const { forget } = checkSplit(request);
  const start = performance.now();
  const model = request.model.clone();
  const run = await runSgd(
    model,
    request.dataset,
    { rows: forget },
    { target: 'label', weight: -1 },
    {
      ...{ phase: 'ascend', maxSteps: 50, learningRate: 0.002 },
      ...given(requireObject('options', options)),
    },
  );
  return { model, ...run, seconds: { ascend: (performance.now() - start) / 1000 } };
};
