import { requireFinite, requireObject } from '../arguments.js';
import { Model } from '../engine/model.js';
import { LetheError } from '../errors.js';
import { checkSplit, type UnlearningMethod, type UnlearningOptions } from './method.js';

export interface RowRemovalOptions extends UnlearningOptions {
  /** The logit of a removed class, whatever the input; default -20. */
  readonly bias?: number;
}

/**
 * Takes the classes that only forgotten rows have out of the last layer: their weights become 0, their
 * bias -20. No training.
 *
 * Approximate, without any guarantee, and the floor for class deletion: the hidden layers still hold
 * all that was learnt of the class, and a probe finds it.
 */
export const rowRemoval: UnlearningMethod<RowRemovalOptions> = async (request, options = {}) => {
  const { forget, retain } = checkSplit(request);
  const { bias = -20, signal } = requireObject('options', options);
  if (signal?.aborted) throw new LetheError('ERR_ABORTED', 'the run was aborted before it began');
  requireFinite('bias', bias);
  const { model, dataset } = request;
  const kept = new Set(retain.map((row) => dataset.labels[row]!));
  const removed = new Set(
    forget.map((row) => dataset.labels[row]!).filter((label) => !kept.has(label)),
  );
  if (removed.size === 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'every class of the forget set has retain rows too: row removal forgets whole classes only',
    );
  }
  const start = performance.now();
  const parameters = model.parameters();
  const [inputs, classes] = model.widths.slice(-2) as [number, number];
  const biases = parameters.length - classes;
  for (const label of removed) {
    parameters.fill(
      0,
      biases - (classes - label) * inputs,
      biases - (classes - label - 1) * inputs,
    );
    parameters[biases + label] = bias;
  }
  return {
    model: Model.fromParameters(model.widths, parameters),
    steps: 0,
    seconds: { remove: (performance.now() - start) / 1000 },
    multiplyAdds: 0,
  };
};
