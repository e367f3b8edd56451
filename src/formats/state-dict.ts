import { LetheError } from '../base/errors.js';
import { fromLittleEndian } from '../base/little-endian.js';
import { BIAS, WEIGHT } from '../engine/model-tensors.js';
import { decodeSafetensors, type SafetensorsFile, type Tensor } from '../engine/safetensors.js';
import type { LinearLayer } from './linear-layers.js';
import { invalidModel, unsupportedModel } from './model-error.js';

/**
 * The linear layers of a PyTorch state dict in a safetensors file: `<layer>.weight` [outputs,
 * inputs] and, if the layer has biases, `<layer>.bias` [outputs], all float32.
 *
 * The file does not contain the order of the layers. By default they are sorted by name, with
 * numbers by value (`fc2` before `fc10`).
 *
 * @param file appears in error messages
 * @param order the names of the layers, from first to last, if sorting their names does not give it
 * @throws {LetheError} ERR_INVALID_MODEL, ERR_UNSUPPORTED_MODEL: names the tensor.
 * ERR_INVALID_ARGUMENT: `order` does not name each layer of the file once.
 */
export function parseStateDict(
  bytes: Uint8Array,
  file: string,
  order?: readonly string[],
): LinearLayer[] {
  const { tensors } = decode(bytes, file);
  const found = layerNames(tensors, file);
  const names = order ?? found.sort(new Intl.Collator('en', { numeric: true }).compare);
  if (order) checkOrder(order, found, file);
  const layers = names.map((name) => layer(tensors, name, file));
  if (!order && layers.some(({ inputs }, i) => i > 0 && inputs !== layers[i - 1]!.outputs)) {
    throw unsupportedModel(
      file,
      `its layers in the order of their names (${shown(names)}) do not fit each other: ` +
        'give their order with the option `layers`',
    );
  }
  return layers;
}

function checkOrder(order: readonly string[], found: readonly string[], file: string): void {
  const known = new Set(found);
  const missing = order.find((name) => !known.has(name));
  if (missing !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file} has no layer ${missing}; it has ${shown(found)}`,
    );
  }
  if (new Set(order).size !== found.length || order.length !== found.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `layers must name each layer of ${file} once: ${shown(found)}`,
    );
  }
}

/** The first names of a possibly very long list. */
function shown(names: readonly string[]): string {
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '');
}

function decode(bytes: Uint8Array, file: string): SafetensorsFile {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw invalidModel(file, (cause as Error).message, cause);
  }
}

function layerNames(tensors: SafetensorsFile['tensors'], file: string): string[] {
  const names: string[] = [];
  for (const name of tensors.keys()) {
    if (name.endsWith(WEIGHT)) {
      names.push(name.slice(0, -WEIGHT.length));
    } else if (!name.endsWith(BIAS) || !tensors.has(name.slice(0, -BIAS.length) + WEIGHT)) {
      throw unsupportedModel(
        file,
        `the tensor ${name} is neither the weights nor the biases of a linear layer`,
      );
    }
  }
  return names;
}

function layer(tensors: SafetensorsFile['tensors'], name: string, file: string): LinearLayer {
  const weight = tensors.get(name + WEIGHT)!;
  const [outputs, inputs] = weight.shape;
  if (weight.shape.length !== 2 || !outputs || !inputs) {
    throw unsupportedModel(
      file,
      `the tensor ${name}${WEIGHT} of shape [${weight.shape}] is not a matrix: only linear layers can be imported`,
    );
  }
  const bias = tensors.get(name + BIAS);
  if (bias && bias.shape.join() !== `${outputs}`) {
    throw invalidModel(
      file,
      `the tensor ${name}${BIAS} has the shape [${bias.shape}] instead of [${outputs}]`,
    );
  }
  return {
    name,
    inputs,
    outputs,
    weight: floats(weight, name + WEIGHT, file),
    bias: bias ? floats(bias, name + BIAS, file) : new Float32Array(outputs),
  };
}

function floats({ dtype, bytes }: Tensor, name: string, file: string): Float32Array {
  if (dtype !== 'F32') {
    throw unsupportedModel(file, `the tensor ${name} is of type ${dtype}: save it as float32`);
  }
  return fromLittleEndian(bytes);
}
