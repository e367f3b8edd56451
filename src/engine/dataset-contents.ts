import {
  describeValue,
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireNames } from './class-names.js';
import {
  type ColumnEncoding,
  checkEncoding,
  missingColumns,
  requireRawValues,
} from './encoding/column-encoding.js';
import { requireFeatures, storedFeatures } from './feature-map.js';
import type { AffineMap, DatasetContents } from './labelled-data.js';
import { callNative, type NativeDataset } from './native.js';
import type { PackedIds } from './packed-ids.js';
import { arrangedIds, type DescribeRepeated, RowIdColumn, repeatedIn } from './row-ids.js';
import { isOwnership, ownersOf, SubjectColumn, type SubjectTable } from './row-subjects.js';

/** Everything that makes up a data set except its features, checked and in the order of its rows. */
export interface DatasetFacts {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly affine: AffineMap;
  /** The map that float32 features have gone through, where it is known. */
  readonly mappedBy?: AffineMap | undefined;
  readonly labels: Uint32Array;
  /** Ascending; undefined: positions are the ids. */
  readonly ids: PackedIds | undefined;
  readonly subjects: SubjectTable;
  readonly classNames: readonly string[] | undefined;
  readonly featureNames: readonly string[] | undefined;
  /** [columns], of raw values; undefined: features are the network's input. */
  readonly encoding: readonly ColumnEncoding[] | undefined;
  /** [rows], 1 for rows that have been erased before; left out: none. */
  readonly isErased?: Uint8Array;
}

/** Facts about rows, and their features in native memory. */
export interface MadeDataset {
  readonly facts: DatasetFacts;
  readonly handle: NativeDataset;
}

const CONTENTS_NAMES: KnownFields<DatasetContents> = {
  ...{ name: true, rows: true, columns: true, classes: true, features: true, affine: true },
  ...{ labels: true, classNames: true, featureNames: true, ids: true, subjects: true },
  encoding: true,
};

/**
 * Checks what `new Dataset` is given, copies the features into native memory and sorts the rows by
 * their ids.
 *
 * @param describe says which rows have the same id; default: by their positions
 * @throws {LetheError} as the constructor of Dataset
 */
export function checkContents(wanted: DatasetContents, describe?: DescribeRepeated): MadeDataset {
  const data = requireKnownFields('data', wanted, CONTENTS_NAMES);
  const { name, features, labels, rows, columns } = data;
  requireText('name', name);
  requireInteger('rows', rows, 1);
  requireInteger('columns', columns, 1);
  const classNames = data.classNames && requireNames('classNames', data.classNames, data.classes);
  const classes = requireInteger('classes', data.classes ?? classNames?.length, 1);
  const featureNames =
    data.featureNames && requireNames('featureNames', data.featureNames, columns);
  requireFeatures(features);
  requireInstance('labels', labels, Uint32Array);
  if (features.length !== rows * columns || labels.length !== rows) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} must have ${rows} x ${columns} features and ${rows} labels, but has ` +
        `${features.length} and ${labels.length}`,
    );
  }
  const { features: stored, affine, mappedBy } = storedFeatures(features, data.affine);
  const encoding = data.encoding && checkEncoding(data.encoding, columns);
  if (encoding) {
    if (mappedBy) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'raw values have an encoding, other features an affine map: leave out affine or encoding',
      );
    }
    const raw = requireInstance(
      'features with an encoding',
      features as Float32Array,
      Float32Array,
    );
    requireRawValues(encoding, raw, featureNames);
  }
  const ids = data.ids === undefined ? undefined : idsFrom(data.ids, rows);
  const order = ids && sortedSync(ids);
  const subjects = subjectsFrom(data.subjects, rows);
  const names = subjects.names.flatMap((column) => inOrder(column, sortedSync(column)));
  const handle = callNative(
    (addon) =>
      new addon.Dataset({
        ...{ features: stored, labels, columns, classes, ...affine, ...(order && { order }) },
        ...(encoding && { missing: missingColumns(encoding) }),
      }),
  );
  const facts = {
    ...{ name, rows, columns, classes, affine, mappedBy, classNames, featureNames, encoding },
    labels: order ? order.map((row) => labels[row]!) : new Uint32Array(labels),
    ids: ids && order ? arrangedIds(ids, order, describe ?? repeatedIn(name)) : ids,
    subjects: subjects.finish(names, order),
  };
  return { facts, handle };
}

/** The ascending order of the ids; undefined if they are in it. */
function sortedSync(ids: PackedIds): Uint32Array | undefined {
  return ids.isAscending ? undefined : callNative((addon) => addon.sortIdsSync(ids.sortable()));
}

/** All ids in this order; undefined: as they are. */
export function inOrder(ids: PackedIds, order: Uint32Array | undefined) {
  return Array.from({ length: ids.length }, (_, place) => ids.at(order?.[place] ?? place));
}

function idsFrom(wanted: Iterable<unknown>, rows: number): PackedIds {
  const column = new RowIdColumn();
  let count = 0;
  for (const id of listOf('ids', wanted, rows)) {
    // Undefined among ids is a mistake, not a row without an id.
    column.push(id ?? null);
    count++;
  }
  requireCount('ids', count, rows);
  return column.ids!;
}

function subjectsFrom(wanted: DatasetContents['subjects'], rows: number): SubjectColumn {
  const column = new SubjectColumn();
  if (wanted === undefined) return column;
  let count = 0;
  const list = isOwnership(wanted) ? ownersOf(wanted) : wanted;
  for (const own of listOf('subjects', list, rows)) {
    column.push(own);
    count++;
  }
  requireCount('subjects', count, rows);
  return column;
}

/** The values of an iterable, but only one more than there are rows: it may have no end. */
function* listOf(name: string, values: Iterable<unknown>, rows: number): Generator<unknown> {
  const isList = typeof values === 'object' && values !== null && Symbol.iterator in values;
  if (!isList) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} must be an array or another list of one value a row, but is ${describeValue(values)}`,
    );
  }
  let count = 0;
  for (const value of values) {
    if (count++ > rows) return;
    yield value;
  }
}

function requireCount(name: string, count: number, rows: number): void {
  if (count === rows) return;
  const found = count > rows ? `more than ${rows}` : count;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} must hold one value for each of the ${rows} rows, but hold ${found}`,
  );
}
