import { Model } from '../engine/model.js';
import { concatenate } from '../engine/parameters.js';
import { invalidModel, unsupportedModel } from './model-error.js';

/** One linear layer as an importer has found it. */
export interface LinearLayer {
  /** What the file calls it; it stands in the messages. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** float32, row-major [outputs, inputs] */
  readonly weight: Float32Array;
  /** float32 [outputs] */
  readonly bias: Float32Array;
}

/** [rows, columns] of a row-major matrix as [columns, rows]. */
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
 * The model that these layers make, with ReLU between them.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: a layer does not take what the one before gives, or holds a value
 * that is not finite. ERR_UNSUPPORTED_MODEL: there is no layer. ERR_OUT_OF_MEMORY.
 */
export function modelOfLayers(file: string, layers: readonly LinearLayer[]): Model {
  const [first] = layers;
  if (!first) throw unsupportedModel(file, 'it has no linear layer');
  let width = first.inputs;
  for (const layer of layers) {
    if (layer.inputs !== width) {
      throw invalidModel(
        file,
        `${layer.name} takes ${layer.inputs} values, but what comes before it gives ${width}`,
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
