import { requireFinite, requireObject } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Model } from '../../engine/model.js';
import { checkRunOptions } from '../../engine/run.js';
import { checkSplit, type UnlearningMethod, type UnlearningOptions } from '../method.js';
import { clearClasses, requireForgottenClasses } from '../steps/class-rows.js';

export interface RowRemovalOptions extends UnlearningOptions {
  /** The logit of a removed class, whatever the input; default -20. */
  readonly bias?: number;
}

/**
 * Takes the classes that only forgotten rows have out of the last layer: their weights become 0, their
 * bias -20. No training, and nothing for a CUDA device to compute.
 *
 * Approximate, without any guarantee, and the floor for class deletion: the hidden layers still hold
 * all that was learnt of the class, and a probe finds it.
 */
export const rowRemoval: UnlearningMethod<RowRemovalOptions> = async (request, options = {}) => {
  const { forget, retain } = checkSplit(request);
  const { bias = -20, signal } = requireObject('options', options);
  checkRunOptions(options);
  if (signal?.aborted) throw new LetheError('ERR_ABORTED', 'the run was aborted before it began');
  requireFinite('bias', bias);
  const { model, dataset } = request;
  const removed = requireForgottenClasses(dataset, forget, retain, 'row removal');
  const start = performance.now();
  const parameters = model.parameters();
  clearClasses(parameters, model.widths, removed, bias);
  return {
    model: Model.fromParameters(model.widths, parameters),
    steps: 0,
    seconds: { remove: (performance.now() - start) / 1000 },
    multiplyAdds: 0,
  };
};
