import { basename } from 'node:path';
import {
  type KnownFields,
  requireKnownFields,
  requirePath,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { Dataset } from '../engine/dataset.js';
import type { FeatureMap } from '../engine/labelled-data.js';
import { FeatureCells, featuresOf } from './feature-cells.js';
import type { NameRole } from './missing.js';
import { type NpyArray, NpyArrays } from './npy-arrays.js';
import type { NpyHeader } from './npy-header.js';
import { readNumbers, readTexts } from './npy-values.js';
import { assembleTable, checkTableOptions, TABLE_OPTIONS, type TableOptions } from './table.js';
import { tableDataset } from './table-dataset.js';
import { TableNames } from './table-names.js';

/** Which arrays are what. */
export interface NumpyOptions extends Omit<TableOptions, 'features'> {
  /** The array of the features, [rows, columns]; further dimensions become columns too, row-major. */
  readonly features: string;
  /** As in TableOptions; features of type uint8 stay bytes, which it maps to the network's input. */
  readonly affine?: FeatureMap;
}

const NUMPY_OPTIONS: KnownFields<NumpyOptions> = TABLE_OPTIONS;

/** The most rows of a data set. */
const MAX_ROWS = 2 ** 32 - 1;

/** Once as read and once in native memory. */
const COPIES = 2;

/**
 * Reads a data set from arrays of NumPy by their names: from an .npz archive, or from a folder with an .npy file for each.
 * Features may be of any numeric type but complex, or booleans, of either byte and index order, and become
 * float32, or stay bytes; with the option `encode` numbers may be categories, and NaN is missing. Labels and owners
 * are texts, whole numbers or booleans, ids texts or whole numbers; one for each row.
 *
 * @throws {LetheError} ERR_INVALID_DATA: neither an archive nor a folder, a damaged array, one of another type
 * (Python objects and structures are refused), different numbers of rows, a value that is not a finite number,
 * a missing label, owner or id; says the row. ERR_DUPLICATE: two rows of one id. ERR_INVALID_ARGUMENT: an array
 * that does not exist, or bytes that are none. ERR_OUT_OF_MEMORY: says how much is needed. ERR_IO.
 */
export async function loadNumpy(path: string, options: NumpyOptions): Promise<Dataset> {
  requirePath('path', path);
  const known = requireKnownFields('options', options, NUMPY_OPTIONS);
  const { features: featuresName, ...others } = known;
  const roles = checkTableOptions<TableOptions>(others, TABLE_OPTIONS);
  requireText('features', featuresName);
  const names = new TableNames(path, roles);
  requireDifferent([featuresName, ...names.roles.map((role) => roles[role]!)]);
  const arrays = await NpyArrays.open(path);
  try {
    const array = await arrays.array(featuresName);
    const { rows, columns, areBytes } = requireTable(array, roles.affine);
    const cells = new FeatureCells(
      array.name,
      featuresOf(array.name, featuresName, columns),
      roles,
    );
    const features = areBytes
      ? await readBytes(array)
      : await readFeatures(array, cells, roles.encode !== undefined);
    for (const role of names.roles) {
      await readNames(await arrays.array(roles[role]!), { role, rows, names });
    }
    const contents = {
      features,
      featureNames: cells.names,
      ...(!areBytes && { encoding: cells.finish(features as Float32Array) }),
      ...names.finish(),
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

/**
 * The rows and columns of the features.
 *
 * @throws {LetheError} ERR_INVALID_DATA, ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY
 */
function requireTable({ name, header }: NpyArray, affine: FeatureMap | undefined) {
  const { kind, size, shape, count } = header;
  if (kind === 'U' || kind === 'S') {
    throw invalidData(
      name,
      'it holds texts, but features are numbers: save categories as numbers, e.g. with numpy.unique(..., ' +
        'return_inverse=True)',
    );
  }
  const [rows] = shape;
  if (rows === undefined || rows > MAX_ROWS) {
    throw invalidData(name, `its shape is (${shape.join(', ')}), but must be (rows, columns)`);
  }
  if (count === 0) throw invalidData(name, `it has no rows: its shape is ${shape.join(' x ')}`);
  // Bytes that have gone through a map would be another's.
  const areBytes = affine !== undefined && !affine.applied && kind === 'u' && size === 1;
  requireMemory(name, COPIES * count * (areBytes ? 1 : Float32Array.BYTES_PER_ELEMENT));
  return { rows, columns: columnsOf(shape), areBytes };
}

async function readBytes({ header, elements }: NpyArray): Promise<Uint8Array> {
  const bytes = new Uint8Array(header.count);
  const place = placesOf(header);
  await readNumbers(header, elements, (value, index) => {
    bytes[place(index)] = Number(value);
  });
  return bytes;
}

async function readFeatures(
  { name, header, elements }: NpyArray,
  cells: FeatureCells,
  isEncoded: boolean,
): Promise<Float32Array> {
  const values = new Float32Array(header.count);
  const place = placesOf(header);
  const columns = cells.names.length;
  await readNumbers(header, elements, (value, index) => {
    const at = place(index);
    // Where nothing is encoded, only what is no feature needs a closer look.
    values[at] = isEncoded ? Number.NaN : Number(value);
    if (Number.isFinite(values[at])) return;
    const cell = header.kind === 'b' ? value === 1 : value;
    values[at] = cells.value(at % columns, cell, name, Math.floor(at / columns));
  });
  return values;
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
