import { requireArray, requireInteger } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';

/** The largest number of inputs, or of units of a layer, as in the core. */
export const MOST_UNITS = 2 ** 20;

/**
 * The offsets of a layer in the parameter vector: first its weights, row-major [outputs, inputs],
 * then its biases [outputs]. The same as Architecture in the core.
 */
export interface LayerLayout {
  readonly inputs: number;
  readonly outputs: number;
  /** Where its weights begin. */
  readonly weights: number;
  /** Where its weights end and its biases begin. */
  readonly biases: number;
  /** Where its biases end. */
  readonly end: number;
}

/**
 * The layers of a network, first to last.
 *
 * @param widths inputs, hidden layers, classes
 * @throws {LetheError} ERR_INVALID_ARGUMENT: as checkWidths
 */
export function layersOf(widths: readonly number[]): readonly LayerLayout[] {
  const checked = checkWidths(widths);
  let end = 0;
  return checked.slice(1).map((outputs, layer) => {
    const inputs = checked[layer]!;
    const weights = end;
    const biases = weights + inputs * outputs;
    end = biases + outputs;
    return { inputs, outputs, weights, biases, end };
  });
}

export function parameterCount(widths: readonly number[]): number {
  return layersOf(widths).at(-1)!.end;
}

/**
 * Checks the widths of a network and returns a copy.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: fewer than two widths, or one that is not in 1..2^20
 */
export function checkWidths(widths: readonly number[]): number[] {
  const given = requireArray('widths', widths);
  if (given.length < 2) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `widths must hold at least the inputs and the classes of a model, but has ${given.length} values`,
    );
  }
  return given.map((width) => requireInteger('a width', width, 1, MOST_UNITS));
}
