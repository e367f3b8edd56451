import { endianness } from 'node:os';

/** The values as little-endian bytes; on a little-endian machine, a view of the same memory. */
export function littleEndianBytes(values: Float32Array | Uint32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32();
}

/** The whole numbers of little-endian bytes, always a copy. */
export function uint32FromLittleEndian(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, byteLength } = fromLittleEndian(bytes);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** The same of 64 bits, signed. */
export function int64FromLittleEndian(bytes: Uint8Array): BigInt64Array {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  if (endianness() === 'BE') copy.swap64();
  return new BigInt64Array(copy.buffer, copy.byteOffset, copy.length / 8);
}

/** The inverse of littleEndianBytes; always a copy, because the bytes may not be aligned. */
export function fromLittleEndian(bytes: Uint8Array): Float32Array {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  if (endianness() === 'BE') copy.swap32();
  return new Float32Array(copy.buffer, copy.byteOffset, copy.length / 4);
}
