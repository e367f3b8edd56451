import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LetheError } from '../errors.js';

/**
 * The IDX format of MNIST: two zero bytes, a type byte (8 = unsigned byte), the number of dimensions, one
 * big-endian uint32 for each dimension, then the values row-major.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
 */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 8;
const GZIP_MAGIC = 0x1f8b;

/** Larger files are refused before they are unpacked. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads a file of unsigned bytes, plain or gzip-compressed.
 *
 * @throws {LetheError} ERR_IO; ERR_INVALID_DATA: see parseIdx, and a broken or huge gzip stream.
 */
export async function readIdx(path: string): Promise<IdxArray> {
  return parseIdx(await readPossiblyCompressed(path), path);
}

/** The contents of a file, unpacked if they begin as gzip does. @throws {LetheError} as readIdx */
export async function readPossiblyCompressed(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new LetheError('ERR_IO', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP_MAGIC) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw invalid(path, `the gzip stream cannot be unpacked: ${(cause as Error).message}`, cause);
  }
}

/**
 * Parses a file's contents; `values` is a view of `bytes`. `name` stands in the messages.
 *
 * @throws {LetheError} ERR_INVALID_DATA: wrong magic number or type, truncated, trailing bytes.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw invalid(name, 'it is shorter than a magic number');
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type !== UNSIGNED_BYTE || rank === 0) {
    const magic = view.getUint32(0).toString(16).padStart(8, '0');
    throw invalid(name, `the magic number 0x${magic} is not that of unsigned bytes (0x000008nn)`);
  }
  const headerBytes = 4 + 4 * rank!;
  if (bytes.length < headerBytes)
    throw invalid(name, `its header of ${headerBytes} bytes is cut off`);
  const shape = Array.from({ length: rank! }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = shape.reduce((product, extent) => product * extent, 1);
  const found = bytes.length - headerBytes;
  if (expected === 0) throw invalid(name, `it holds no values: its shape is ${shape.join(' x ')}`);
  if (found !== expected) {
    throw invalid(name, `${shape.join(' x ')} values were announced, but ${found} bytes follow`);
  }
  return { shape, values: bytes.subarray(headerBytes) };
}

function invalid(name: string, message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_DATA', `${name}: ${message}`, { cause });
}
