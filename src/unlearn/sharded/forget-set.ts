import {
  isInstance,
  requireArray,
  requireInteger,
  requireKnownFields,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { Dataset } from '../../engine/dataset.js';
import { RowSet, type Rows } from '../../engine/row-set.js';
import type { OwnedRows } from './shards.js';

/** The rows to forget, or the owners whose rows are all to be forgotten. */
export type Forgotten = Rows | { readonly owners: Uint32Array | readonly number[] };

/**
 * One byte for each row of the data set: 1 if it is to be forgotten, else 0.
 *
 * @param known the rows trained on, in any number of parts
 * @throws {LetheError} ERR_EMPTY_SET; ERR_INVALID_ROWS: rows out of range, given twice or not
 * trained on; ERR_UNKNOWN_SUBJECT: an owner without such rows; ERR_INVALID_ARGUMENT
 */
export function markForgotten(
  known: readonly OwnedRows[],
  dataset: Dataset,
  forgotten: Forgotten,
): Uint8Array {
  if (RowSet.is(forgotten) || isInstance(forgotten, Uint32Array) || Array.isArray(forgotten)) {
    return markRows(known, dataset, forgotten);
  }
  const byOwner = forgotten as Extract<Forgotten, { owners: unknown }>;
  const { owners } = requireKnownFields('forget', byOwner, { owners: true });
  return markOwners(known, dataset, owners);
}

function markRows(known: readonly OwnedRows[], dataset: Dataset, wanted: Rows): Uint8Array {
  const isKnown = new Uint8Array(dataset.rows);
  for (const { rows } of known) for (const row of rows) isKnown[row] = 1;
  const marks = new Uint8Array(dataset.rows);
  for (const row of dataset.nonEmptyRowSet(wanted, 'forget set')) {
    if (!isKnown[row]) {
      throw new LetheError(
        'ERR_INVALID_ROWS',
        `row ${row} of ${dataset.name} was not trained on, or is already forgotten`,
      );
    }
    marks[row] = 1;
  }
  return marks;
}

function markOwners(
  known: readonly OwnedRows[],
  dataset: Dataset,
  wanted: Uint32Array | readonly number[],
): Uint8Array {
  const leaving = new Set(
    requireArray('owners', isInstance(wanted, Uint32Array) ? [...wanted] : wanted).map((owner) =>
      requireInteger('an owner', owner, 0, 0xffffffff),
    ),
  );
  if (leaving.size === 0)
    throw new LetheError('ERR_EMPTY_SET', 'the list of owners to forget is empty');
  const found = new Set<number>();
  const marks = new Uint8Array(dataset.rows);
  for (const { rows, owners } of known) {
    owners.forEach((owner, i) => {
      if (!leaving.has(owner)) return;
      found.add(owner);
      marks[rows[i]!] = 1;
    });
  }
  const unknown = [...leaving].find((owner) => !found.has(owner));
  if (unknown !== undefined) {
    throw new LetheError(
      'ERR_UNKNOWN_SUBJECT',
      `owner ${unknown} has no row that was trained on, or is already forgotten`,
    );
  }
  return marks;
}
