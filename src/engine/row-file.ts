import { requireArray } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireNames } from './class-names.js';
import type { DatasetFacts } from './dataset-contents.js';
import { checkEncoding } from './encoding/column-encoding.js';
import { isIdentity, requireMap } from './feature-map.js';
import type { SafetensorsHeader } from './safetensors.js';

/**
 * A row file is a safetensors file, so that Python reads it too. docs/data.md lists its tensors. A row
 * is erased by zeros in its place: first in `live`, which tells what is left to do if the process
 * ends half-way.
 */
export const ROW_FILE_FORMAT = 'lethe-rows';
const VERSION = '1';

export type Storage = 'bytes' | 'float32';

/** What decides the tensors of a row file and their shapes. */
export interface RowFileShape {
  readonly rows: number;
  readonly columns: number;
  readonly storage: Storage;
  /** Undefined: positions are the ids. */
  readonly ids: 'numbers' | { readonly textBytes: number } | undefined;
  /** Undefined: no row has a subject. */
  readonly subjects:
    | { readonly memberships: number; readonly names: number; readonly nameBytes: number }
    | undefined;
}

export type TensorName =
  | 'features'
  | 'labels'
  | 'live'
  | 'ids'
  | 'id_ends'
  | 'subjects'
  | 'subject_ends'
  | 'subject_names'
  | 'subject_name_ends'
  | 'subject_name_kinds';

/** A tensor as the header says it. */
export interface TensorShape {
  readonly name: TensorName;
  readonly dtype: 'F32' | 'I64' | 'U32' | 'U8';
  readonly shape: readonly number[];
}

/** The tensors in their order in the file; the features come first, so that they are aligned. */
export function tensorsOf({ rows, columns, storage, ids, subjects }: RowFileShape): TensorShape[] {
  const tensors: TensorShape[] = [
    { name: 'features', dtype: storage === 'bytes' ? 'U8' : 'F32', shape: [rows, columns] },
    { name: 'labels', dtype: 'U32', shape: [rows] },
    { name: 'live', dtype: 'U8', shape: [rows] },
  ];
  if (ids === 'numbers') {
    tensors.push({ name: 'ids', dtype: 'I64', shape: [rows] });
  } else if (ids) {
    tensors.push({ name: 'ids', dtype: 'U8', shape: [ids.textBytes] });
    tensors.push({ name: 'id_ends', dtype: 'U32', shape: [rows] });
  }
  if (subjects) {
    const { memberships, names, nameBytes } = subjects;
    tensors.push(
      { name: 'subjects', dtype: 'U32', shape: [memberships] },
      { name: 'subject_ends', dtype: 'U32', shape: [rows] },
      { name: 'subject_names', dtype: 'U8', shape: [nameBytes] },
      { name: 'subject_name_ends', dtype: 'U32', shape: [names] },
      { name: 'subject_name_kinds', dtype: 'U8', shape: [names] },
    );
  }
  return tensors;
}

const BYTES_PER_VALUE = { F32: 4, I64: 8, U32: 4, U8: 1 } as const;

export function tensorBytes({ dtype, shape }: TensorShape): number {
  return shape.reduce((product, extent) => product * extent, BYTES_PER_VALUE[dtype]);
}

/** `subject_name_kinds`: a whole number is stored in decimal digits. 17 and '17' are two subjects. */
export const NAME_KINDS = { number: 0, text: 1 } as const;

/** What is said of all rows at once. */
export type RowFileFacts = Pick<
  DatasetFacts,
  'name' | 'classes' | 'affine' | 'mappedBy' | 'classNames' | 'featureNames' | 'encoding'
>;

export function encodeRowFacts(facts: RowFileFacts): Record<string, string> {
  const { name, classes, affine, mappedBy, classNames, featureNames, encoding } = facts;
  return {
    ...{ format: ROW_FILE_FORMAT, version: VERSION, name, classes: String(classes) },
    affine: JSON.stringify(affine),
    ...(mappedBy && { mapped_by: JSON.stringify(mappedBy) }),
    ...(classNames && { class_names: JSON.stringify(classNames) }),
    ...(featureNames && { feature_names: JSON.stringify(featureNames) }),
    ...(encoding && { encoding: JSON.stringify(encoding) }),
  };
}

/** @throws {LetheError} ERR_INVALID_DATA, without the file's name */
export function decodeRowFacts(
  { metadata }: SafetensorsHeader,
  columns: number,
  storage: Storage,
): RowFileFacts {
  const { name = '', class_names: classNames, feature_names: featureNames, encoding } = metadata;
  const classes = /^[1-9]\d*$/.test(metadata.classes ?? '') ? Number(metadata.classes) : 0;
  if (classes < 1 || classes > 2 ** 32) throw invalid('its metadata `classes` is no whole number');
  try {
    const affine = requireMap(JSON.parse(metadata.affine ?? ''));
    const { mapped_by: mappedBy } = metadata;
    const areBytes = storage === 'bytes';
    if (areBytes ? affine.scale === 0 || mappedBy : !isIdentity(affine)) {
      throw invalid('its metadata `affine` does not fit the features');
    }
    return {
      ...{ name, classes, affine },
      ...(mappedBy !== undefined && { mappedBy: requireMap(JSON.parse(mappedBy)) }),
      classNames: classNames === undefined ? undefined : namesIn(classNames, classes),
      featureNames: featureNames === undefined ? undefined : columnNamesIn(featureNames, columns),
      encoding: encoding === undefined ? undefined : encodingIn(encoding, columns, storage),
    };
  } catch (cause) {
    throw invalid(`its metadata is not that of rows: ${(cause as Error).message}`, cause);
  }
}

function encodingIn(json: string, columns: number, storage: Storage) {
  if (storage === 'bytes') throw invalid('its metadata `encoding` is for features of float32');
  return checkEncoding(JSON.parse(json), columns);
}

function namesIn(json: string, count: number): readonly string[] {
  return requireNames('the names', JSON.parse(json), count);
}

/** A selection may have a column twice, with its name. */
function columnNamesIn(json: string, count: number): readonly string[] {
  const names = requireArray<string>('the names', JSON.parse(json));
  requireNames('the names', [...new Set(names)]);
  if (names.length === count) return Object.freeze(names);
  throw invalid(`there are ${names.length} names of ${count} columns`);
}

/** @throws {LetheError} ERR_INVALID_DATA, without the file's name */
export function requireRowFile({ metadata: { format, version } }: SafetensorsHeader): void {
  if (format === ROW_FILE_FORMAT && version === VERSION) return;
  if (format === ROW_FILE_FORMAT) {
    throw invalid(
      `it is of version ${version}, but this version of Lethe reads version ${VERSION}`,
    );
  }
  throw invalid(
    "this is a safetensors file, but none that dataset.save wrote: load a model with Lethe's " +
      'Model.load, a state dict with loadSafetensors',
  );
}

/**
 * The shape that a header speaks of.
 *
 * @throws {LetheError} ERR_INVALID_DATA, without the file's name: other tensors than a row file has
 */
export function shapeIn({ tensors }: SafetensorsHeader): RowFileShape {
  const extent = (name: TensorName, dimension = 0) => tensors.get(name)?.shape[dimension] ?? 0;
  const shape: RowFileShape = {
    rows: extent('features'),
    columns: extent('features', 1),
    storage: tensors.get('features')?.dtype === 'U8' ? 'bytes' : 'float32',
    ids: !tensors.has('ids')
      ? undefined
      : tensors.get('ids')!.dtype === 'I64'
        ? 'numbers'
        : { textBytes: extent('ids') },
    subjects: tensors.has('subjects')
      ? {
          memberships: extent('subjects'),
          names: extent('subject_name_ends'),
          nameBytes: extent('subject_names'),
        }
      : undefined,
  };
  const expected = tensorsOf(shape);
  for (const { name, dtype, shape } of expected) {
    const found = tensors.get(name);
    if (found?.dtype === dtype && found.shape.join() === shape.join()) continue;
    throw invalid(
      `tensor ${name} must be ${dtype} of shape [${shape.join(', ')}], but ` +
        (found ? `is ${found.dtype} of shape [${found.shape.join(', ')}]` : 'is not there'),
    );
  }
  const known = new Set<string>(expected.map(({ name }) => name));
  const unknown = [...tensors.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw invalid(`tensor ${unknown} is none of a row file`);
  if (shape.rows === 0 || shape.columns === 0) throw invalid('tensor features is empty');
  if (shape.rows >= 2 ** 32) throw invalid('it has more than 2^32 - 1 rows');
  return shape;
}

/** Requires ends of stretches of `size` values. @throws {LetheError} ERR_INVALID_DATA */
export function requireEnds(name: TensorName, ends: Uint32Array, size: number): void {
  let last = 0;
  for (const end of ends) {
    if (end < last) throw invalid(`tensor ${name}: ${end} follows ${last}, but ends must ascend`);
    last = end;
  }
  if (last !== size) throw invalid(`tensor ${name}: the last end is ${last}, but must be ${size}`);
}

function invalid(message: string, cause?: unknown): LetheError {
  return cause instanceof LetheError && cause.code === 'ERR_INVALID_DATA'
    ? cause
    : new LetheError('ERR_INVALID_DATA', message, { cause });
}
