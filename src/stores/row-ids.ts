import { describeValue, requireInstance, requireObject } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireName } from '../base/well-formed-name.js';
import { Dataset, labelsOf } from '../engine/dataset.js';
import { exactNumber, isInt64, type RowId } from '../engine/packed-ids.js';
import { RowIds } from '../engine/row-ids.js';
import type { IdentifiedRows } from './store.js';

/**
 * An id as the store compares it: text, or a whole number as a bigint.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireId(id: RowId): string | bigint {
  if (typeof id === 'string') return requireName('an id', id);
  if (typeof id === 'bigint' || Number.isSafeInteger(id)) {
    const number = BigInt(id);
    if (isInt64(number)) return number;
  }
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `an id must be text or a whole number of 64 bits, but is ${describeValue(id)}`,
  );
}

/** A list of ids, checked. @param name of the argument, for messages */
export function requireIds(name: string, ids: Iterable<RowId>): (string | bigint)[] {
  if (typeof ids !== 'object' || ids === null || !(Symbol.iterator in ids)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} must be a list of ids, but is ${describeValue(ids)}`,
    );
  }
  const checked: (string | bigint)[] = [];
  for (const id of ids) checked.push(requireId(id));
  return checked;
}

/** An id as callers see it. */
export function shownId(id: string | bigint): RowId {
  return typeof id === 'bigint' ? exactNumber(id) : id;
}

/** A row as the store has it. */
export interface StoredRow {
  readonly number: number;
  readonly id: string | bigint;
  readonly label: number;
}

/**
 * The positions of the store's rows in a data set, by their numbers.
 *
 * @throws {LetheError} ERR_INVALID_ROWS: a row is missing, or has another label. ERR_DUPLICATE: an
 * id is given twice. ERR_INVALID_ARGUMENT.
 */
export function positionsIn(
  dataset: IdentifiedRows,
  rows: Iterable<StoredRow>,
): ReadonlyMap<number, number> {
  requireObject('dataset', dataset);
  const labels = dataset instanceof Dataset ? labelsOf(dataset) : dataset.labels;
  requireInstance('the labels of the data set', labels, Uint32Array);
  const positionOf = finderIn(dataset);
  const positions = new Map<number, number>();
  for (const { number, id, label } of rows) {
    const position = positionOf(id);
    if (position === undefined) {
      throw new LetheError(
        'ERR_INVALID_ROWS',
        `the row ${shown(id)} of the store is not in the data set: load the rows that were ingested`,
      );
    }
    if (labels[position] !== label) {
      throw new LetheError(
        'ERR_INVALID_ROWS',
        `the row ${shown(id)} has the label ${label} in the store, but ${labels[position]} in the data set: ` +
          'its rows are others, or its classes are numbered otherwise; if the row has changed, relabel it',
      );
    }
    positions.set(number, position);
  }
  return positions;
}

function finderIn(dataset: IdentifiedRows): (id: string | bigint) => number | undefined {
  const { ids, labels } = dataset;
  // It has no ids of rows that it has erased, and finds the others without a list of all.
  if (ids instanceof RowIds) return (id) => ids.find(id);
  return ids === undefined ? byPosition(labels.length) : byId(ids, labels.length);
}

function byPosition(count: number): (id: string | bigint) => number | undefined {
  return (id) => (typeof id === 'bigint' && id >= 0n && id < count ? Number(id) : undefined);
}

function byId(ids: Iterable<RowId>, count: number): (id: string | bigint) => number | undefined {
  const checked = requireIds('the ids of the data set', ids);
  if (checked.length !== count) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the data set must have one id for each row, but has ${checked.length} ids for ${count} labels`,
    );
  }
  const positions = new Map(checked.map((id, position) => [id, position]));
  if (positions.size < count) {
    const twice = checked.find((id, position) => positions.get(id) !== position)!;
    throw new LetheError('ERR_DUPLICATE', `the data set has two rows with the id ${shown(twice)}`);
  }
  return (id) => positions.get(id);
}

/** An id in a message. */
export function shown(id: string | bigint): string {
  return typeof id === 'string' ? describeValue(id) : String(id);
}
