import { requireInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Model } from '../engine/model.js';
import { Parameters, squaredDistance } from '../engine/parameters.js';

/**
 * The reference study's distance: the sum over the tensors (each W, each b) of the L2 norms of the
 * differences, not the norm of the whole difference. It says little about forgetting: in the study,
 * two retrained models are as far apart as a scrubbed one is from a retrained one.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: different widths. ERR_BUSY.
 */
export function weightDistance(a: Model, b: Model): number {
  const squares = tensorSquares(a, b);
  return squares.reduce((sum, square) => sum + Math.sqrt(square), 0);
}

/**
 * The Euclidean norm of the difference of all parameters.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: different widths. ERR_BUSY.
 */
export function parameterDistance(a: Model, b: Model): number {
  return Math.sqrt(tensorSquares(a, b).reduce((sum, square) => sum + square, 0));
}

/** The squared norm of the difference of each tensor: W, b, W, b, ... */
function tensorSquares(a: Model, b: Model): number[] {
  requireInstance('the first model', a, Model);
  requireInstance('the second model', b, Model);
  if (a.widths.join() !== b.widths.join()) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the models differ in their widths: [${a.widths.join(', ')}] and [${b.widths.join(', ')}]`,
    );
  }
  const left = new Parameters(a.widths, a.parameters());
  const right = new Parameters(b.widths, b.parameters());
  return left.layers.flatMap((_, layer) => [
    squaredDistance(left.weights(layer), right.weights(layer)),
    squaredDistance(left.biases(layer), right.biases(layer)),
  ]);
}
