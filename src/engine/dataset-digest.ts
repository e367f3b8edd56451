import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isInstance } from '../base/arguments.js';
import { littleEndianBytes } from '../base/little-endian.js';
import type { DatasetFacts } from './dataset-contents.js';
import type { NativeDataset } from './native.js';

/** The event loop gets its turn after so many rows, or so many values. */
const CHUNK_ROWS = 2 ** 14;
const CHUNK_VALUES = 2 ** 18;

/** What a digest reads of a data set. */
interface DigestedData extends Omit<DatasetFacts, 'name' | 'rows' | 'subjects'> {
  readonly storage: 'bytes' | 'float32';
  readonly handle: NativeDataset;
}

/**
 * SHA-256 in hex over schema, and ids, labels and features of these rows. docs/data.md lists the
 * bytes; they are read from native memory in chunks.
 */
export async function datasetDigest(rows: Uint32Array, data: DigestedData): Promise<string> {
  const { columns, classes, affine, storage, handle } = data;
  const hash = createHash('sha256');
  const numbers = Buffer.alloc(33);
  [rows.length, columns, classes].forEach((value, i) => {
    numbers.writeBigUInt64LE(BigInt(value), 8 * i);
  });
  numbers.write(storage === 'bytes' ? 'B' : 'F', 24);
  numbers.writeFloatLE(affine.scale, 25);
  numbers.writeFloatLE(affine.offset, 29);
  hash.update('lethe-dataset-1\n').update(numbers);
  hashNames(hash, data.classNames);
  hashNames(hash, data.featureNames);
  await hashIds(hash, data, rows);
  for await (const chunk of chunks(rows, CHUNK_ROWS)) {
    hash.update(littleEndianBytes(chunk.map((row) => data.labels[row]!)));
  }
  for await (const chunk of chunks(rows, Math.max(1, Math.floor(CHUNK_VALUES / columns)))) {
    const values = handle.stored({ rows: chunk });
    hash.update(isInstance(values, Uint8Array) ? values : littleEndianBytes(values));
  }
  return hash.digest('hex');
}

/** Each name after its length, so that no two lists have the same bytes; their number is known. */
function hashNames(hash: Hash, names: readonly string[] | undefined): void {
  hash.update(Uint8Array.of(names ? 1 : 0));
  for (const name of names ?? []) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(name));
    hash.update(length).update(name);
  }
}

async function hashIds(hash: Hash, { ids }: DigestedData, rows: Uint32Array): Promise<void> {
  // Rows at the end leave no gap in the positions: the others are a data set of their own.
  const arePositions = !ids && rows.every((row, i) => row === i);
  hash.update(arePositions ? 'P' : typeof ids?.at(0) === 'string' ? 'T' : 'N');
  if (arePositions) return;
  for await (const chunk of chunks(rows, CHUNK_ROWS)) {
    hash.update(ids?.encoded(chunk) ?? encodedPositions(chunk));
  }
}

function encodedPositions(positions: Uint32Array): Uint8Array {
  const bytes = Buffer.alloc(8 * positions.length);
  positions.forEach((position, i) => {
    bytes.writeUInt32LE(position, 8 * i);
  });
  return bytes;
}

async function* chunks(rows: Uint32Array, size: number): AsyncGenerator<Uint32Array> {
  for (let first = 0; first < rows.length; first += size) {
    yield rows.subarray(first, first + size);
    await setImmediate();
  }
}
