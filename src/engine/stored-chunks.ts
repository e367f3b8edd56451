import { setImmediate } from 'node:timers/promises';
import { isInstance } from '../base/arguments.js';
import { littleEndianBytes } from '../base/little-endian.js';
import { callNative, type NativeDataset } from './native.js';
import type { PackedIds } from './packed-ids.js';

/** The event loop gets its turn after so many rows, or so many values. */
const CHUNK_ROWS = 2 ** 14;
const CHUNK_VALUES = 2 ** 18;

/** The features of these rows as they are stored, little-endian, in chunks. */
export async function* featureChunks(
  handle: NativeDataset,
  columns: number,
  rows: Uint32Array,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks(rows, Math.max(1, Math.floor(CHUNK_VALUES / columns)))) {
    const values = callNative(() => handle.stored({ rows: chunk }));
    yield isInstance(values, Uint8Array) ? values : littleEndianBytes(values);
  }
}

/** A uint32 for each of these rows. */
export async function* labelChunks(
  labels: Uint32Array,
  rows: Uint32Array,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks(rows, CHUNK_ROWS)) {
    yield littleEndianBytes(chunk.map((row) => labels[row]!));
  }
}

/**
 * The ids of these rows, whole numbers as int64, texts after their length.
 *
 * @param ids undefined: positions
 */
export async function* idChunks(
  ids: PackedIds | undefined,
  rows: Uint32Array,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks(rows, CHUNK_ROWS)) {
    yield ids?.encoded(chunk) ?? encodedPositions(chunk);
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
