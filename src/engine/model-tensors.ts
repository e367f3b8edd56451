import { littleEndianBytes } from '../base/little-endian.js';
import type { Parameters } from './parameters.js';
import type { Tensor } from './safetensors.js';

/** PyTorch's suffixes: they follow a layer's name in the names of its weights and its biases. */
export const WEIGHT = '.weight';
export const BIAS = '.bias';

/**
 * Parameters as the tensors of a state dict, in the order of the layers: `<name>.weight` [outputs,
 * inputs] and `<name>.bias` [outputs], float32; views of the same memory on a little-endian
 * machine.
 *
 * @param names one for each layer, e.g. `fc1`
 */
export function modelTensors(
  parameters: Parameters,
  names: readonly string[],
): Map<string, Tensor> {
  const float32 = (values: Float32Array, ...shape: number[]): Tensor => ({
    ...{ dtype: 'F32', shape, bytes: littleEndianBytes(values) },
  });
  return new Map(
    parameters.layers.flatMap(({ inputs, outputs }, layer) => [
      [names[layer] + WEIGHT, float32(parameters.weights(layer), outputs, inputs)],
      [names[layer] + BIAS, float32(parameters.biases(layer), outputs)],
    ]),
  );
}

/** The default names of `count` layers: `layers.0`, `layers.1`, ... */
export function usualLayerNames(count: number): string[] {
  return Array.from({ length: count }, (_, layer) => `layers.${layer}`);
}
