import { invalidData } from '../base/invalid-data.js';

/** The kind of an array's elements, by the letters of NumPy: bool, int, uint, float, bytes, str. */
export type NpyKind = 'b' | 'i' | 'u' | 'f' | 'S' | 'U';

/** What an .npy file says of its array (NumPy Enhancement Proposal 1, versions 1 to 3 of the format). */
export interface NpyHeader {
  readonly kind: NpyKind;
  /** Bytes of one element. */
  readonly size: number;
  readonly littleEndian: boolean;
  /** The first index changes fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** The product of the shape. */
  readonly count: number;
  /** Where the elements begin. */
  readonly start: number;
}

export const NPY_MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/** The longest header; only structures of very many fields have longer ones, and they are not read. */
export const MAX_HEADER_BYTES = 2 ** 16;

/** Magic number, version, and the length of the rest of the header. */
const FIXED_BYTES = { 1: 10, 2: 12, 3: 12 } as const;

const SIZES: Readonly<Record<string, readonly number[]>> = {
  ...{ b: [1], i: [1, 2, 4, 8], u: [1, 2, 4, 8], f: [2, 4, 8] },
};

/**
 * @param bytes the beginning of a file: all of it, or at least MAX_HEADER_BYTES
 * @param name appears in error messages
 * @throws {LetheError} ERR_INVALID_DATA: not an .npy file, or an array of a type that is no number and no text
 */
export function parseNpyHeader(bytes: Buffer, name: string): NpyHeader {
  if (!bytes.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC)) {
    throw invalidData(name, 'it is not an .npy file: its magic number is missing');
  }
  const version = bytes[NPY_MAGIC.length] as keyof typeof FIXED_BYTES;
  const fixed = FIXED_BYTES[version];
  if (fixed === undefined) {
    throw invalidData(name, `it is of version ${version} of the .npy format, not one of 1, 2, 3`);
  }
  if (bytes.length < fixed) throw invalidData(name, 'its header is cut off');
  const length = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const start = fixed + length;
  if (start > bytes.length)
    throw invalidData(name, `its header of ${start} bytes is cut off or too long`);
  const text = bytes.toString(version === 3 ? 'utf8' : 'latin1', fixed, start);
  return { ...parseType(text, name), ...parseShape(text, name), start };
}

function parseType(text: string, name: string): Pick<NpyHeader, 'kind' | 'size' | 'littleEndian'> {
  if (/'descr':\s*\[/.test(text)) {
    throw invalidData(
      name,
      'it is a structured array: save each of its fields as an array of its own',
    );
  }
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? '';
  if (/^\|?O/.test(descr)) {
    throw invalidData(
      name,
      "it holds Python objects (pickle), which could run code: save numbers or texts, e.g. with astype('U')",
    );
  }
  const [, order, kind, digits] = /^([<>|=])([a-zA-Z])(\d{1,9})$/.exec(descr) ?? [];
  const length = Number(digits);
  const isText = kind === 'U' || kind === 'S';
  if (kind === undefined || !(isText ? length > 0 : SIZES[kind]?.includes(length))) {
    throw invalidData(
      name,
      `its elements have the type ${descr || 'of no known form'}, but bool, whole numbers, float16 to ` +
        'float64 and texts can be read: convert it with astype',
    );
  }
  const size = kind === 'U' ? 4 * length : length;
  return { kind: kind as NpyKind, size, littleEndian: order !== '>' };
}

function parseShape(
  text: string,
  name: string,
): Pick<NpyHeader, 'fortranOrder' | 'shape' | 'count'> {
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (order === undefined || extents === undefined) {
    throw invalidData(name, 'its header names no shape or no order of elements');
  }
  const shape = extents
    .split(',')
    .flatMap((extent) => (extent.trim() === '' ? [] : [Number(extent)]));
  const count = shape.reduce((product, extent) => product * extent, 1);
  // With a zero among them, the product hides what the others are.
  if (![...shape, count].every(Number.isSafeInteger)) {
    throw invalidData(name, `its shape ${shape.join(' x ')} is larger than any file`);
  }
  return { fortranOrder: order === 'True', shape, count };
}
