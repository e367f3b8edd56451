import { requireNames } from '../../base/arguments.js';
import { FAST_OPTIONS, type FastOptions } from '../../training/recipe.js';
import { trainModel } from '../../training/train-model.js';
import {
  checkSplit,
  type UnlearningMethod,
  type UnlearningRequest,
  type UnlearningResult,
} from '../method.js';

export interface ExactRetrainResult extends UnlearningResult {
  /** What the recipe came to, a line each. */
  readonly reasons: readonly string[];
}

/**
 * A fresh model of the same widths, trained on the retain set alone by the fast recipe. Exact: no
 * parameter depends on a forgotten row, whatever the recipe. With the seed of the original training
 * it begins as that did; give another one for a model that is independent of the original.
 *
 * Its model is not the one that `retrain` would give: it is trained in another way. Compare it with
 * models of its own recipe, which `trainModel` gives. Where the original memorized its rows, it fits
 * the retain set less closely.
 */
export const exactRetrain: UnlearningMethod<FastOptions, ExactRetrainResult> = async (
  request: UnlearningRequest,
  options: FastOptions = {},
) => {
  const { retain } = checkSplit(request);
  return trainModel(request.model.widths, request.dataset, {
    ...requireNames('options', options, FAST_OPTIONS),
    recipe: 'fast',
    rows: retain,
  });
};
