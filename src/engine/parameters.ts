import { requireInstance, requireInteger } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { checkWidths, type LayerLayout, layersOf, parameterCount } from './layout.js';

/**
 * A network's parameters, or one value for each of them (a gradient, a Fisher diagonal): a float32
 * vector with accessors for its layers. They return views: writing to one changes the vector.
 */
export class Parameters {
  readonly widths: readonly number[];
  readonly layers: readonly LayerLayout[];
  readonly values: Float32Array;

  /**
   * @param values not copied
   * @throws {LetheError} ERR_INVALID_ARGUMENT: invalid widths, or not one value per parameter
   */
  constructor(widths: readonly number[], values: Float32Array) {
    this.widths = Object.freeze(checkWidths(widths));
    this.layers = layersOf(this.widths);
    this.values = requireInstance('parameters', values, Float32Array);
    const needed = parameterCount(this.widths);
    if (values.length !== needed) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `widths [${this.widths.join(', ')}] need ${needed} parameters, but ${values.length} are given`,
      );
    }
  }

  static zeros(widths: readonly number[]): Parameters {
    return new Parameters(widths, new Float32Array(parameterCount(widths)));
  }

  /** The weights of a layer, row-major [outputs, inputs]. */
  weights(layer: number): Float32Array {
    const { weights, biases } = this.#layer(layer);
    return this.values.subarray(weights, biases);
  }

  /** The weights of one unit of a layer, [inputs]. */
  weightsOfUnit(layer: number, unit: number): Float32Array {
    const { inputs, outputs } = this.#layer(layer);
    requireInteger('unit', unit, 0, outputs - 1);
    return this.weights(layer).subarray(unit * inputs, (unit + 1) * inputs);
  }

  /** The biases of a layer, [outputs]. */
  biases(layer: number): Float32Array {
    const { biases, end } = this.#layer(layer);
    return this.values.subarray(biases, end);
  }

  /** The parameters of all layers before this one. */
  below(layer: number): Float32Array {
    return this.values.subarray(0, this.layers[layer]?.weights);
  }

  /** The parameters of this layer and all after it. */
  from(layer: number): Float32Array {
    return this.values.subarray(this.layers[layer]?.weights ?? this.values.length);
  }

  #layer(layer: number): LayerLayout {
    return this.layers[requireInteger('layer', layer, 0, this.layers.length - 1)]!;
  }
}

/** to += factor * values, computed in float64 and rounded once to float32. */
export function addScaled(to: Float32Array, factor: number, values: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * values[i]!;
}

/** values *= factor */
export function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/** The squared Euclidean norm of a - b, in float64. */
export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

/** One vector of all parts, in order. */
export function concatenate(...parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
