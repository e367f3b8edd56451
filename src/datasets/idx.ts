import { constants } from 'node:buffer';
import { requireInteger, requireKnownFields } from '../base/arguments.js';
import { readContents, readStart, refuseForeignFile } from '../base/contents.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';

/**
 * The IDX format of MNIST: two zero bytes, a type byte (8 = unsigned byte), the number of
 * dimensions, one big-endian uint32 for each dimension, then the values row-major.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
 */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

export interface IdxOptions {
  /** The largest decompressed size in bytes; default 2^30, at most the largest Buffer. */
  readonly maxBytes?: number;
}

interface Header {
  readonly shape: readonly number[];
  readonly bytes: number;
  /** The product of the shape; inexact above 2^53, which no file reaches. */
  readonly values: number;
}

const UNSIGNED_BYTE = 8;
const MAGIC_BYTES = 4;
const MAX_HEADER_BYTES = MAGIC_BYTES + 4 * 255;

/**
 * Reads a file of unsigned bytes, plain or gzip-compressed. The header is checked first, and
 * decompression stops at the size that it announces.
 *
 * @throws {LetheError} ERR_IO; ERR_INVALID_DATA: as parseIdx, a broken gzip stream, or more than
 * `maxBytes`. ERR_OUT_OF_MEMORY, ERR_INVALID_ARGUMENT.
 */
export async function loadIdx(path: string, options: IdxOptions = {}): Promise<IdxArray> {
  const { maxBytes = 2 ** 30 } = requireKnownFields('options', options, { maxBytes: true });
  requireInteger('maxBytes', maxBytes, 1);
  await refuseForeignFile(path, 'idx');
  const header = parseHeader(await readStart(path, MAX_HEADER_BYTES), path);
  const announced = header.bytes + header.values;
  const allowed = Math.min(maxBytes, constants.MAX_LENGTH);
  if (announced > allowed) {
    throw invalidData(path, `it announces ${announced} bytes, more than the allowed ${allowed}`);
  }
  requireMemory(path, announced);
  return parseIdx(await readContents(path, announced), path);
}

/**
 * Parses a file's contents; `values` is a view of `bytes`. `name` appears in error messages.
 *
 * @throws {LetheError} ERR_INVALID_DATA: wrong magic number or type, truncated, trailing bytes, an
 * extent of zero.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const header = parseHeader(bytes, name);
  const found = bytes.length - header.bytes;
  if (found !== header.values) {
    throw invalidData(
      name,
      `the header announces ${header.shape.join(' x ')} values, but ${found} bytes follow`,
    );
  }
  return { shape: header.shape, values: bytes.subarray(header.bytes) };
}

function parseHeader(bytes: Uint8Array, name: string): Header {
  if (bytes.length < MAGIC_BYTES)
    throw invalidData(name, 'it is shorter than the magic number of 4 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type !== UNSIGNED_BYTE || rank === 0) {
    const magic = view.getUint32(0).toString(16).padStart(8, '0');
    throw invalidData(
      name,
      `the magic number 0x${magic} is not that of unsigned bytes (0x000008nn)`,
    );
  }
  const headerBytes = MAGIC_BYTES + 4 * rank!;
  if (bytes.length < headerBytes) {
    throw invalidData(name, `its header of ${headerBytes} bytes is cut off`);
  }
  const shape = Array.from({ length: rank! }, (_, i) => view.getUint32(MAGIC_BYTES + 4 * i));
  if (shape.includes(0)) {
    throw invalidData(name, `it holds no values: its shape is ${shape.join(' x ')}`);
  }
  const values = shape.reduce((product, extent) => product * extent, 1);
  return { shape, bytes: headerBytes, values };
}
