import { Model } from '../engine/model.js';
import { concatenate } from '../engine/parameters.js';
import { invalidModel, unsupportedModel } from './model-error.js';

/** One linear layer found by an importer. */
export interface LinearLayer {
  /** The layer's name in the file; it appears in error messages. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** float32, row-major [outputs, inputs] */
  readonly weight: Float32Array;
  /** float32 [outputs] */
  readonly bias: Float32Array;
}

/** Transposes a row-major matrix [rows, columns] to [columns, rows]. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column]!;
    }
  }
  return result;
}

/**
 * A model of these layers, with ReLU between them.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: consecutive layers do not fit, or a value is not finite.
 * ERR_UNSUPPORTED_MODEL: no layer. ERR_OUT_OF_MEMORY.
 */
export function modelOfLayers(file: string, layers: readonly LinearLayer[]): Model {
  const [first] = layers;
  if (!first) throw unsupportedModel(file, 'it has no linear layer');
  let width = first.inputs;
  for (const layer of layers) {
    if (layer.inputs !== width) {
      throw invalidModel(
        file,
        `${layer.name} takes ${layer.inputs} values, but the layer before it has ${width} outputs`,
      );
    }
    if (!layer.weight.every(Number.isFinite) || !layer.bias.every(Number.isFinite)) {
      throw invalidModel(file, `${layer.name} holds a value that is not finite`);
    }
    width = layer.outputs;
  }
  const parameters = concatenate(...layers.flatMap(({ weight, bias }) => [weight, bias]));
  return Model.fromParameters([first.inputs, ...layers.map(({ outputs }) => outputs)], parameters);
}
