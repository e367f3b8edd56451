import { requireArray, requireInstance, requireInteger } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';

interface ModelShape {
  /** Inputs, hidden layers, classes. */
  readonly widths: readonly number[];
  /** For each layer its weights, row-major [outputs, inputs], then its biases [outputs]. */
  readonly parameters: Float32Array;
}

/** Each layer's [inputs, outputs]. */
export function layerShapes(widths: readonly number[]): [inputs: number, outputs: number][] {
  return widths.slice(1).map((outputs, layer) => [widths[layer]!, outputs]);
}

/**
 * A model that is about to be written: at least two widths, as many parameters as they need, all finite.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function checkShape({ widths, parameters }: ModelShape): void {
  requireArray('widths', widths);
  requireInstance('parameters', parameters, Float32Array);
  if (widths.length < 2) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'a model needs at least two widths: its inputs and its classes',
    );
  }
  for (const width of widths) requireInteger('a width', width, 1);
  let expected = 0;
  for (const [inputs, outputs] of layerShapes(widths)) expected += (inputs + 1) * outputs;
  if (parameters.length !== expected) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `widths [${widths.join(', ')}] need ${expected} parameters, but there are ${parameters.length}`,
    );
  }
  // Not left to the logits: a runtime's Relu may turn "not a number" into 0 and hide it.
  const broken = parameters.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `parameter ${broken} is ${parameters[broken]}: a model that is not finite cannot be exported`,
    );
  }
}
