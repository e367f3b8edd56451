import { LetheError } from '../base/errors.js';

/**
 * The safetensors container: an 8-byte little-endian header length, a JSON header, raw
 * little-endian tensors. Format: https://huggingface.co/docs/safetensors
 */
export interface Tensor {
  /** E.g. `F32`, `F16`, `U8`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const BITS_PER_VALUE: Readonly<Record<string, number>> = {
  F4: 4,
  ...{ F6_E2M3: 6, F6_E3M2: 6 },
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8 },
  ...{ U16: 16, I16: 16, F16: 16, BF16: 16 },
  ...{ U32: 32, I32: 32, F32: 32 },
  ...{ U64: 64, I64: 64, F64: 64, C64: 64 },
};

/** A tensor of a header: its bytes are data[begin, end). */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The first bytes of every file, by which headerBytes knows how long the header is. */
export const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

export function encodeSafetensors(file: SafetensorsFile): Uint8Array {
  const sizes = [...file.tensors].map(([name, { dtype, shape, bytes }]) => {
    return { name, dtype, shape, bytes: bytes.length };
  });
  const header = encodeHeader(file.metadata, sizes);
  return Buffer.concat([header, ...[...file.tensors.values()].map(({ bytes }) => bytes)]);
}

/**
 * The header's length and the header: what comes before the tensors, which follow in this order.
 *
 * @param alignment the first tensor begins at a multiple of so many bytes, at least 8
 */
export function encodeHeader(
  metadata: Readonly<Record<string, string>>,
  tensors: Iterable<{ name: string; dtype: string; shape: readonly number[]; bytes: number }>,
  alignment = LENGTH_BYTES,
): Uint8Array {
  const entries: [string, unknown][] = [[METADATA, metadata]];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    entries.push([name, { dtype, shape, data_offsets: [offset, offset + bytes] }]);
    offset += bytes;
  }
  // fromEntries, because an assignment would lose a tensor named __proto__.
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  // Padding with spaces keeps the tensors aligned.
  const size = Math.ceil((LENGTH_BYTES + json.length) / alignment) * alignment;
  const header = Buffer.alloc(size, ' ');
  header.writeBigUInt64LE(BigInt(size - LENGTH_BYTES));
  json.copy(header, LENGTH_BYTES);
  return header;
}

/**
 * Reads a file; tensors are views of `bytes`.
 *
 * @throws {LetheError} ERR_INVALID_DATA: truncated, oversized, overlapping or mistyped tensors.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const length = headerBytes(bytes, bytes.length);
  const data = bytes.subarray(LENGTH_BYTES + length);
  const header = decodeHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), data.length);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
  }
  return { metadata: header.metadata, tensors };
}

/**
 * The length of the header, which follows the first LENGTH_BYTES bytes of a file.
 *
 * @throws {LetheError} ERR_INVALID_DATA: the file has no room for it
 */
export function headerBytes(start: Uint8Array, fileBytes: number): number {
  if (start.length < LENGTH_BYTES) throw invalid('the file is shorter than its header length');
  const length = Buffer.from(start.buffer, start.byteOffset, LENGTH_BYTES).readBigUInt64LE();
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES))) {
    throw invalid(`the header of ${length} bytes does not fit in the file`);
  }
  return Number(length);
}

/**
 * @param bytes the header alone
 * @param dataBytes how many bytes follow it
 * @throws {LetheError} ERR_INVALID_DATA
 */
export function decodeHeader(bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  let metadata: Record<string, string> = {};
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(parseJson(bytes))) {
    if (name === METADATA) {
      metadata = parseMetadata(value);
    } else {
      const tensor = parseTensor(name, value);
      if (tensor.end > dataBytes)
        throw invalid(`tensor ${name} reaches beyond the end of the file`);
      tensors.set(name, tensor);
    }
  }
  const spans = [...tensors.values()].map(({ begin, end }): [number, number] => [begin, end]);
  checkCoverage(spans, dataBytes);
  return { metadata, tensors };
}

function parseJson(bytes: Uint8Array): object {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid('the header is not JSON', cause);
  }
  if (!isObject(json)) throw invalid('the header is not a JSON object');
  return json;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    throw invalid('the metadata is not a map of strings');
  }
  return value as Record<string, string>;
}

function parseTensor(name: string, value: unknown): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const bits =
    typeof dtype === 'string' && Object.hasOwn(BITS_PER_VALUE, dtype) && BITS_PER_VALUE[dtype];
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2 || !bits) {
    throw invalid(`tensor ${name} has no valid dtype, shape and data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const expected = shape.reduce((product, extent) => product * extent, bits) / 8;
  if (end - begin !== expected) {
    throw invalid(`tensor ${name} has ${end - begin} bytes, but its shape needs ${expected}`);
  }
  return { dtype: dtype as string, shape, begin, end };
}

/** Requires tensors without overlaps and gaps, as the format does. */
function checkCoverage(spans: [begin: number, end: number][], length: number): void {
  // Ties are sorted by end, so that an empty tensor comes before the one that begins at its offset.
  spans.sort(([a, aEnd], [b, bEnd]) => a - b || aEnd - bEnd);
  let covered = 0;
  for (const [begin, end] of spans) {
    if (begin !== covered) throw invalid('the tensors overlap or leave holes');
    covered = end;
  }
  if (covered !== length) throw invalid(`${length - covered} bytes follow the last tensor`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function invalid(message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_DATA', `safetensors: ${message}`, { cause });
}
