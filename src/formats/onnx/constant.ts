import { widenFloat16 } from '../../base/half-precision.js';
import { fromLittleEndian } from '../../base/little-endian.js';
import { requireMemory } from '../../base/memory.js';
import { invalidModel, unsupportedModel } from '../model-error.js';
import {
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType as Type,
} from './onnx_pb.js';

/** A tensor that depends on nothing but the file. */
export interface Constant {
  readonly kind: 'constant';
  readonly type: Type;
  readonly dims: readonly number[];
  /** Row-major, of any numeric type; booleans are 0 and 1. Empty for strings. */
  readonly values: Float64Array;
  /** The values of a tensor of strings. */
  readonly texts?: readonly string[];
}

/** The bytes in which a value is held while a model is imported. */
const VALUE_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** More axes than any exporter writes; each costs time for every value. */
export const MOST_AXES = 16;

/** Multiplying so much takes about ten seconds, and nothing else runs meanwhile. */
const MOST_MULTIPLY_ADDS = 2 ** 32;

/** Adds up what an import takes, so that a small file cannot ask for all there is. */
export class ImportBudget {
  readonly #file: string;
  #bytes = 0;
  #multiplyAdds = 0;

  /** @param file appears in error messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** A new array, if there is memory for it. @throws {LetheError} ERR_OUT_OF_MEMORY */
  allocate(values: number): Float64Array {
    this.take(VALUE_BYTES * values);
    this.multiply(values);
    return new Float64Array(values);
  }

  /** Announces a number of bytes. @throws {LetheError} ERR_OUT_OF_MEMORY */
  take(bytes: number): void {
    this.#bytes += bytes;
    requireMemory(this.#file, this.#bytes);
  }

  /** Announces so many multiply-adds. @throws {LetheError} ERR_UNSUPPORTED_MODEL: too many */
  multiply(multiplyAdds: number): void {
    this.#multiplyAdds += multiplyAdds;
    if (this.#multiplyAdds <= MOST_MULTIPLY_ADDS) return;
    throw unsupportedModel(
      this.#file,
      `reading it takes more than ${MOST_MULTIPLY_ADDS} multiply-adds: multiply linear layers in a ` +
        'row before the export',
    );
  }
}

/** The files that hold the data of tensors, by their locations in the model's file. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

/** How the values of a type are stored: in raw bytes, or in a list of the message. */
interface Storage {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
  readonly list: (tensor: TensorProto) => readonly (number | bigint)[];
  /** What an entry of the list stands for; default: itself. */
  readonly fromList?: (entry: number) => number;
}

const fromInt32 = ({ int32Data }: TensorProto) => int32Data;
const fromUint64 = ({ uint64Data }: TensorProto) => uint64Data;

const STORAGE: ReadonlyMap<number, Storage> = new Map<number, Storage>([
  [Type.FLOAT, { bytes: 4, read: (v, i) => v.getFloat32(i, true), list: (t) => t.floatData }],
  [Type.DOUBLE, { bytes: 8, read: (v, i) => v.getFloat64(i, true), list: (t) => t.doubleData }],
  [
    Type.FLOAT16,
    {
      ...{ bytes: 2, read: (v, i) => widenFloat16(v.getUint16(i, true)) },
      ...{ list: fromInt32, fromList: widenFloat16 },
    },
  ],
  [
    Type.BFLOAT16,
    {
      ...{ bytes: 2, read: (v, i) => widenBfloat16(v.getUint16(i, true)) },
      ...{ list: fromInt32, fromList: widenBfloat16 },
    },
  ],
  [Type.BOOL, { bytes: 1, read: (v, i) => v.getUint8(i), list: fromInt32 }],
  [Type.INT8, { bytes: 1, read: (v, i) => v.getInt8(i), list: fromInt32 }],
  [Type.UINT8, { bytes: 1, read: (v, i) => v.getUint8(i), list: fromInt32 }],
  [Type.INT16, { bytes: 2, read: (v, i) => v.getInt16(i, true), list: fromInt32 }],
  [Type.UINT16, { bytes: 2, read: (v, i) => v.getUint16(i, true), list: fromInt32 }],
  [Type.INT32, { bytes: 4, read: (v, i) => v.getInt32(i, true), list: fromInt32 }],
  [Type.UINT32, { bytes: 4, read: (v, i) => v.getUint32(i, true), list: fromUint64 }],
  [
    Type.INT64,
    { bytes: 8, read: (v, i) => Number(v.getBigInt64(i, true)), list: (t) => t.int64Data },
  ],
  [Type.UINT64, { bytes: 8, read: (v, i) => Number(v.getBigUint64(i, true)), list: fromUint64 }],
]);

/**
 * Reads a stored tensor.
 *
 * @param name appears in error messages
 * @throws {LetheError} ERR_INVALID_MODEL: a shape that is not positive, or other than so many
 * values. ERR_UNSUPPORTED_MODEL: another type. ERR_OUT_OF_MEMORY.
 */
export function readTensor(
  tensor: TensorProto,
  { name, file, budget, files }: TensorContext,
): Constant {
  const dims = dimsOf(tensor, name, file);
  const type = tensor.dataType;
  if (tensor.segment) throw unsupportedModel(file, `the tensor ${name} is in segments`);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const check = (found: number) => {
    if (found === count) return;
    const shape = `the tensor ${name} of shape [${dims}]`;
    throw invalidModel(file, `${shape} has ${found} values instead of ${count}`);
  };
  if (type === Type.STRING) {
    check(tensor.stringData.length);
    const texts = tensor.stringData.map((bytes) => Buffer.from(bytes).toString());
    return { kind: 'constant', type, dims, values: new Float64Array(), texts };
  }
  const storage = STORAGE.get(type);
  if (!storage) {
    throw unsupportedModel(
      file,
      `the tensor ${name} is of type ${Type[type] ?? type}: export it as float32`,
    );
  }
  const { bytes, read, list, fromList = Number } = storage;
  const raw = isExternal(tensor)
    ? externalBytes(tensor, bytes * count, { name, file, files })
    : tensor.rawData;
  check(raw ? raw.length / bytes : list(tensor).length);
  const values = budget.allocate(count);
  if (raw && type === Type.FLOAT) {
    values.set(fromLittleEndian(raw));
  } else if (raw) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    for (let i = 0; i < count; i++) values[i] = read(view, bytes * i);
  } else {
    const entries = list(tensor);
    for (let i = 0; i < count; i++) values[i] = fromList(Number(entries[i]));
  }
  return { kind: 'constant', type, dims, values };
}

/** Whether the data of a tensor lie in another file. */
export function isExternal({ dataLocation, externalData }: TensorProto): boolean {
  return dataLocation === TensorProto_DataLocation.EXTERNAL || externalData.length > 0;
}

/** The file, beside the model's, that holds the data of an external tensor. */
export function locationOf({ externalData }: TensorProto): string {
  return externalData.find(({ key }) => key === 'location')?.value ?? '';
}

interface TensorContext {
  /** Appears in error messages. */
  readonly name: string;
  readonly file: string;
  readonly budget: ImportBudget;
  readonly files: ExternalFiles;
}

function dimsOf(tensor: TensorProto, name: string, file: string): number[] {
  const dims = tensor.dims.map(Number);
  if (dims.length > MOST_AXES) {
    throw unsupportedModel(file, `the tensor ${name} has ${dims.length} axes`);
  }
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 1)) {
    throw invalidModel(file, `the tensor ${name} has the shape [${dims}]`);
  }
  return dims;
}

/** The part of an external file that holds a tensor, after checking that the file is so long. */
function externalBytes(
  tensor: TensorProto,
  expected: number,
  { name, file, files }: Omit<TensorContext, 'budget'>,
): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = locationOf(tensor);
  const contents = files.get(location);
  if (!contents) {
    throw unsupportedModel(
      file,
      `the tensor ${name} lies in another file, ${JSON.stringify(location)}: ` +
        'use loadOnnx with that file beside the model, or save the model as one file',
    );
  }
  const [offset, length] = [entries.get('offset') ?? '0', entries.get('length') ?? `${expected}`];
  const [start, size] = [offset, length].map((text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN,
  ) as [number, number];
  if (size !== expected || !(start + size <= contents.length)) {
    throw invalidModel(
      file,
      `the tensor ${name} needs ${expected} bytes, but is said to have ${length} from byte ` +
        `${offset} of ${location}, which has ${contents.length}`,
    );
  }
  return contents.subarray(start, start + size);
}

const SINGLE = new DataView(new ArrayBuffer(4));

/** The value of bfloat16, the upper half of a float32. */
function widenBfloat16(bits: number): number {
  SINGLE.setUint32(0, (bits & 0xffff) * 0x10000);
  return SINGLE.getFloat32(0);
}
