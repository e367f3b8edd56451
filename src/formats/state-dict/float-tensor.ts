import { fromBfloat16, fromFloat16 } from '../../base/half-precision.js';
import { fromLittleEndian } from '../../base/little-endian.js';
import type { Tensor } from '../../engine/safetensors.js';
import { unsupportedModel } from '../model-error.js';

/**
 * The values of a tensor as float32, without loss: float16 and bfloat16 always, float64 where
 * float32 holds each value.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: another type, or a float64 that would be rounded.
 */
export function floatsOf({ dtype, bytes }: Tensor, name: string, file: string): Float32Array {
  if (dtype === 'F32') return fromLittleEndian(bytes);
  if (dtype === 'F16') return fromFloat16(bytes);
  if (dtype === 'BF16') return fromBfloat16(bytes);
  if (dtype === 'F64') return fromFloat64(bytes, name, file);
  const quantized = /^[FIU](4|6|8)/.test(dtype) ? ': a quantized model is not imported' : '';
  throw unsupportedModel(
    file,
    `the tensor ${name} is of type ${dtype}${quantized}: save it as float32, with model.float()`,
  );
}

function fromFloat64(bytes: Uint8Array, name: string, file: string): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) {
    const value = view.getFloat64(8 * i, true);
    values[i] = value;
    if (!Object.is(values[i], value) && !Number.isNaN(value)) {
      throw unsupportedModel(
        file,
        `the tensor ${name} is float64, and ${value} in it would be rounded: save it as float32, ` +
          'with model.float(), if these roundings do not matter',
      );
    }
  }
  return values;
}
