import { isInstance, requireArray, requireInteger, requireNames } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { Dataset } from '../../engine/dataset.js';
import { RowSet, type Rows } from '../../engine/row-set.js';
import type { OwnedRows } from './shards.js';

/** Rows to forget, or the owners of all of whose rows this is asked. */
export type Forgotten = Rows | { readonly owners: Uint32Array | readonly number[] };

/**
 * A mark on each row of the data set that is to be forgotten.
 *
 * @param known the rows that were trained on, in any number of parts
 * @throws {LetheError} ERR_EMPTY_SET; ERR_INVALID_ROWS: rows that are none, given twice or not known;
 * ERR_UNKNOWN_SUBJECT: an owner of no known row; ERR_INVALID_ARGUMENT
 */
export function markForgotten(
  known: readonly OwnedRows[],
  dataset: Dataset,
  forgotten: Forgotten,
): Uint8Array {
  if (forgotten instanceof RowSet || forgotten instanceof Uint32Array || Array.isArray(forgotten)) {
    return markRows(known, dataset, forgotten);
  }
  const byOwner = forgotten as Extract<Forgotten, { owners: unknown }>;
  const { owners } = requireNames('what to forget', byOwner, { owners: true });
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
        `row ${row} of ${dataset.name} was not trained on, or is forgotten already`,
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
  if (leaving.size === 0) throw new LetheError('ERR_EMPTY_SET', 'there is no owner to forget');
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
      `owner ${unknown} has no row that was trained on, or is forgotten already`,
    );
  }
  return marks;
}
