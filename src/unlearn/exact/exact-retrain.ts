import { requireKnownFields } from '../../base/arguments.js';
import { FAST_OPTIONS, type FastOptions } from '../../training/recipe.js';
import { trainModel } from '../../training/train-model.js';
import {
  checkRequest,
  type UnlearningMethod,
  type UnlearningRequest,
  type UnlearningResult,
} from '../method.js';

export interface ExactRetrainResult extends UnlearningResult {
  /** The decisions of the recipe, one line each. */
  readonly reasons: readonly string[];
}

/**
 * A new model of the same widths, trained on the retain set alone by the fast recipe. Exact: no
 * parameter depends on a forget row. With the seed of the original training it starts from the same
 * random numbers; give another seed for a model that is independent of the original.
 *
 * The result is not the model that `retrain` gives, because the recipe differs. Compare it with
 * models of the same recipe, trained by `trainModel`. If the original memorized its rows, this
 * model fits the retain set less closely. The recipe was measured on MNIST; on other data it can
 * lose accuracy, up to tens of points: look at the result's accuracy, or use `retrain`.
 */
export const exactRetrain: UnlearningMethod<FastOptions, ExactRetrainResult> = async (
  request: UnlearningRequest,
  options: FastOptions = {},
) => {
  const { model, dataset, retain } = checkRequest(request);
  return trainModel(model.widths, dataset, {
    ...requireKnownFields('options', options, FAST_OPTIONS),
    recipe: 'fast',
    rows: retain,
  });
};
