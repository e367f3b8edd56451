import { widenFloat16 } from '../base/half-precision.js';
import { invalidData } from '../base/invalid-data.js';
import type { NpyHeader } from './npy-header.js';

/** Reads one number from an element; the position is in bytes. */
type ReadNumber = (view: DataView, position: number, littleEndian: boolean) => number | bigint;

const NUMBERS: Readonly<Record<string, ReadNumber>> = {
  b1: (view, at) => Number(view.getUint8(at) !== 0),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => view.getBigInt64(at, little),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => view.getBigUint64(at, little),
  f2: (view, at, little) => widenFloat16(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** Calls `take` with each element of an array of numbers, in the order in which they are stored. */
export async function readNumbers(
  { kind, size, littleEndian }: NpyHeader,
  elements: AsyncIterable<Buffer>,
  take: (value: number | bigint, index: number) => void,
): Promise<void> {
  const read = NUMBERS[`${kind}${size}`]!;
  let index = 0;
  for await (const { buffer, byteOffset, byteLength } of elements) {
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let at = 0; at < byteLength; at += size) take(read(view, at, littleEndian), index++);
  }
}

/**
 * Calls `take` with each element of an array of texts, in the order in which they are stored. Trailing NULs
 * are padding.
 *
 * @throws {LetheError} ERR_INVALID_DATA: an element that is not text; says which.
 */
export async function readTexts(
  { kind, size, littleEndian }: NpyHeader,
  elements: AsyncIterable<Buffer>,
  name: string,
  take: (text: string, index: number) => void,
): Promise<void> {
  let index = 0;
  for await (const chunk of elements) {
    if (kind === 'U' && !littleEndian) chunk.swap32();
    for (let at = 0; at < chunk.length; at += size) {
      const element = chunk.subarray(at, at + size);
      const text = kind === 'U' ? decodeUtf32(element) : decodeUtf8(element);
      if (text === undefined) throw invalidData(name, `its element ${index + 1} is not text`);
      take(text, index++);
    }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(element: Buffer): string | undefined {
  let end = element.length;
  while (end > 0 && element[end - 1] === 0) end--;
  try {
    return decoder.decode(element.subarray(0, end));
  } catch {
    return undefined;
  }
}

function decodeUtf32(element: Buffer): string | undefined {
  let end = element.length;
  while (end > 0 && element.readUInt32LE(end - 4) === 0) end -= 4;
  let text = '';
  for (let at = 0; at < end; at += 4) {
    const point = element.readUInt32LE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}
