import { requireInstance } from '../arguments.js';
import { Model } from '../engine/model.js';
import { LetheError } from '../errors.js';

/**
 * The reference study's distance: the sum over the tensors (each W, each b) of the L2 norms of the
 * differences, not the norm of the whole difference. It says little about forgetting: two retrained
 * models are as far apart as a scrubbed one from a retrained one.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: different widths. ERR_BUSY.
 */
export function weightDistance(a: Model, b: Model): number {
  requireInstance('the first model', a, Model);
  requireInstance('the second model', b, Model);
  if (a.widths.join() !== b.widths.join()) {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'the models differ in their widths');
  }
  const left = a.parameters();
  const right = b.parameters();
  let distance = 0;
  let offset = 0;
  const addTensor = (size: number) => {
    let squares = 0;
    for (const end = offset + size; offset < end; offset++) {
      squares += (left[offset]! - right[offset]!) ** 2;
    }
    distance += Math.sqrt(squares);
  };
  a.widths.slice(1).forEach((outputs, layer) => {
    addTensor(outputs * a.widths[layer]!);
    addTensor(outputs);
  });
  return distance;
}
