import { createHash, type Hash } from 'node:crypto';
import type { DatasetFacts } from './dataset-contents.js';
import type { NativeDataset } from './native.js';
import type { Storage } from './row-file.js';
import { featureChunks, idChunks, labelChunks } from './stored-chunks.js';

/** What a digest reads of a data set. */
interface DigestedData extends Omit<DatasetFacts, 'name' | 'rows' | 'subjects'> {
  readonly storage: Storage;
  readonly handle: NativeDataset;
}

/**
 * SHA-256 in hex over schema, and ids, labels and features of these rows. docs/data.md lists the
 * bytes; they are read from native memory in chunks.
 */
export async function datasetDigest(rows: Uint32Array, data: DigestedData): Promise<string> {
  const { columns, classes, affine, encoding, storage, handle } = data;
  const hash = createHash('sha256');
  const numbers = Buffer.alloc(33);
  [rows.length, columns, classes].forEach((value, i) => {
    numbers.writeBigUInt64LE(BigInt(value), 8 * i);
  });
  numbers.write(storage === 'bytes' ? 'B' : encoding ? 'E' : 'F', 24);
  numbers.writeFloatLE(affine.scale, 25);
  numbers.writeFloatLE(affine.offset, 29);
  hash.update('lethe-dataset-1\n').update(numbers);
  hashNames(hash, data.classNames);
  hashNames(hash, data.featureNames);
  if (encoding) hashText(hash, JSON.stringify(encoding));
  await hashIds(hash, data, rows);
  for await (const chunk of labelChunks(data.labels, rows)) hash.update(chunk);
  for await (const chunk of featureChunks(handle, columns, rows)) {
    hash.update(encoding ? withOneNaN(chunk) : chunk);
  }
  return hash.digest('hex');
}

const NAN_BITS = 0x7fc00000;

/**
 * Missing values are NaN in whatever bits their source has written, which differ from processor to
 * processor, but mean the same.
 */
function withOneNaN(chunk: Uint8Array): Uint8Array {
  const values = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = 0; at < chunk.length; at += Float32Array.BYTES_PER_ELEMENT) {
    if (Number.isNaN(values.getFloat32(at, true))) values.setUint32(at, NAN_BITS, true);
  }
  return chunk;
}

/** Each name after its length, so that no two lists have the same bytes; their number is known. */
function hashNames(hash: Hash, names: readonly string[] | undefined): void {
  hash.update(Uint8Array.of(names ? 1 : 0));
  for (const name of names ?? []) hashText(hash, name);
}

function hashText(hash: Hash, text: string): void {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  hash.update(length).update(text);
}

async function hashIds(hash: Hash, { ids }: DigestedData, rows: Uint32Array): Promise<void> {
  const arePositions = !ids && areFirst(rows);
  hash.update(arePositions ? 'P' : typeof ids?.at(0) === 'string' ? 'T' : 'N');
  if (arePositions) return;
  for await (const chunk of idChunks(ids, rows)) hash.update(chunk);
}

/** Rows erased at the end leave no gap in the positions: the others are a data set of their own. */
export function areFirst(rows: Uint32Array): boolean {
  return rows.every((row, i) => row === i);
}
