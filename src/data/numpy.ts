import { basename } from 'node:path';
import {
  describeValue,
  type KnownFields,
  requireKnownFields,
  requirePath,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { Dataset } from '../engine/dataset.js';
import { requireMap } from '../engine/feature-map.js';
import type { AffineMap } from '../engine/labelled-data.js';
import type { NameRole } from './missing.js';
import { type NpyArray, NpyArrays } from './npy-arrays.js';
import type { NpyHeader } from './npy-header.js';
import { readNumbers, readTexts } from './npy-values.js';
import {
  assembleTable,
  checkTableOptions,
  elementNames,
  TABLE_OPTIONS,
  type TableOptions,
} from './table.js';
import { tableDataset } from './table-dataset.js';
import { TableNames } from './table-names.js';

/** Which arrays are what. */
export interface NumpyOptions extends Omit<TableOptions, 'features'> {
  /** The array of the features, [rows, columns]; further dimensions become columns too, row-major. */
  readonly features: string;
  /** Keeps features of type uint8 as bytes, which it maps to the network's input. */
  readonly affine?: AffineMap;
}

const NUMPY_OPTIONS: KnownFields<NumpyOptions> = { ...TABLE_OPTIONS, affine: true };

/** The most rows of a data set. */
const MAX_ROWS = 2 ** 32 - 1;

/** Once as read and once in native memory. */
const COPIES = 2;

/**
 * Reads a data set from arrays of NumPy by their names: from an .npz archive, or from a folder with an .npy file for each.
 * Features may be of any numeric type but complex, or booleans, of either byte and index order, and become
 * float32, or stay bytes. Labels and owners are texts, whole numbers or booleans, ids texts or whole numbers;
 * one for each row.
 *
 * @throws {LetheError} ERR_INVALID_DATA: neither an archive nor a folder, a damaged array, one of another type
 * (Python objects and structures are refused), different numbers of rows, a value that is not a finite number,
 * a missing label, owner or id; says the row. ERR_DUPLICATE: two rows of one id. ERR_INVALID_ARGUMENT: an array
 * that does not exist, or bytes that are none. ERR_OUT_OF_MEMORY: says how much is needed. ERR_IO.
 */
export async function loadNumpy(path: string, options: NumpyOptions): Promise<Dataset> {
  requirePath('path', path);
  requireKnownFields('options', options, NUMPY_OPTIONS);
  const { features: featuresName, affine, ...roles } = options;
  checkTableOptions(roles, TABLE_OPTIONS);
  requireText('features', featuresName);
  const map = affine && requireMap(affine);
  const names = new TableNames(path, roles);
  requireDifferent([featuresName, ...names.roles.map((role) => roles[role]!)]);
  const arrays = await NpyArrays.open(path);
  try {
    const { values, shape } = await readFeatures(await arrays.array(featuresName), map);
    for (const role of names.roles) {
      await readNames(await arrays.array(roles[role]!), { role, rows: shape[0]!, names });
    }
    const contents = {
      features: values,
      featureNames: elementNames(featuresName, columnsOf(shape)),
      ...names.finish(),
      ...(map && { affine: map }),
    };
    return tableDataset(path, assembleTable(path, contents, roles), roles);
  } finally {
    arrays.close();
  }
}

function requireDifferent(names: readonly string[]): void {
  if (new Set(names).size === names.length) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `an array can only be one of features, label, owner and id, but these are ${names.join(', ')}`,
  );
}

const columnsOf = (shape: readonly number[]) => shape.slice(1).reduce((a, b) => a * b, 1);

interface Features {
  readonly values: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

async function readFeatures(array: NpyArray, affine: AffineMap | undefined): Promise<Features> {
  const { name, header } = array;
  const { kind, size, shape, count } = header;
  if (kind === 'U' || kind === 'S') {
    throw invalidData(name, 'it holds texts, but features are numbers');
  }
  const [rows] = shape;
  if (rows === undefined || rows > MAX_ROWS) {
    throw invalidData(name, `its shape is (${shape.join(', ')}), but must be (rows, columns)`);
  }
  if (count === 0) throw invalidData(name, `it has no rows: its shape is ${shape.join(' x ')}`);
  const isByte = kind === 'u' && size === 1;
  if (affine && !isByte) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `affine is for features of type uint8, but those of ${name} are ${kind}${8 * size}: leave it out`,
    );
  }
  requireMemory(name, COPIES * count * (affine ? 1 : Float32Array.BYTES_PER_ELEMENT));
  const values = affine ? new Uint8Array(count) : new Float32Array(count);
  const place = placesOf(header);
  await readNumbers(header, array.elements, (value, index) => {
    const at = place(index);
    values[at] = Number(value);
    if (!Number.isFinite(values[at])) {
      const columns = columnsOf(shape);
      throw invalidData(
        name,
        `row ${Math.floor(at / columns) + 1}, column ${at % columns} is ${describeValue(value)}, not a finite number`,
      );
    }
  });
  return { values, shape };
}

/** Where the n-th stored element lies in row-major order. */
function placesOf({ fortranOrder, shape }: NpyHeader): (index: number) => number {
  if (!fortranOrder || shape.length < 2) return (index) => index;
  const [rows] = shape as [number, ...number[]];
  const columns = columnsOf(shape);
  // The columns of the first row in the order in which they are stored: the second dimension runs fastest.
  const stored = new Uint32Array(columns);
  for (let column = 0; column < columns; column++) {
    let rest = column;
    let position = 0;
    for (let axis = shape.length - 1; axis > 0; axis--) {
      position = position * shape[axis]! + (rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    stored[position] = column;
  }
  return (index) => (index % rows) * columns + stored[Math.floor(index / rows)]!;
}

interface NamesRequest {
  readonly role: NameRole;
  /** How many rows of features there are. */
  readonly rows: number;
  /** Takes the names. */
  readonly names: TableNames;
}

/** The labels, owners or ids of all rows. */
async function readNames(array: NpyArray, { role, rows, names }: NamesRequest): Promise<void> {
  const { name: file, header, elements } = array;
  const { kind, count, shape } = header;
  if (count !== rows || shape[0] !== count) {
    throw invalidData(
      file,
      `its shape is (${shape.join(', ')}), but ${rows} rows of features need one ${role} each`,
    );
  }
  const column = basename(file, '.npy');
  const take = (value: unknown, row: number) => names.push(value, { file, row, column, role });
  if (kind === 'U' || kind === 'S') await readTexts(header, elements, file, take);
  else if (kind !== 'b') await readNumbers(header, elements, take);
  else await readNumbers(header, elements, (bit, row) => take(bit === 1, row));
}
