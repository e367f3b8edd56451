import {
  isInstance,
  requireArray,
  requireInteger,
  requireKnownFields,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { Dataset, RowQuery } from '../../engine/dataset.js';
import type { RowId } from '../../engine/packed-ids.js';
import { RowSet, type Rows } from '../../engine/row-set.js';
import type { Subject } from '../../engine/row-subjects.js';
import { GONE } from './placement.js';
import type { OwnedRows } from './shards.js';

/**
 * The rows to forget; or rows by name, of which those that no shard has do not count; or the owners, by
 * their numbers, whose rows are all to be forgotten.
 */
export type Forgotten = Rows | RowQuery | { readonly owners: Uint32Array | readonly number[] };

/**
 * One byte for each row of the data set: 1 if it is to be forgotten, else 0. Where rows are GONE, which is
 * a request in itself, none need be wanted.
 *
 * @param known the rows trained on, in any number of parts, by their positions in this data set
 * @throws {LetheError} ERR_EMPTY_SET; ERR_INVALID_ROWS: rows out of range, given twice or not trained on;
 * ERR_UNKNOWN_SUBJECT: an owner or subject without such rows; ERR_UNKNOWN_ROW: an id that no row has;
 * ERR_INVALID_ARGUMENT
 */
export function markForgotten(
  known: readonly OwnedRows[],
  dataset: Dataset,
  forgotten: Forgotten,
): Uint8Array {
  if (RowSet.is(forgotten) || isInstance(forgotten, Uint32Array) || Array.isArray(forgotten)) {
    return markRows(known, dataset, forgotten as Rows);
  }
  const wanted = requireKnownFields<AnyForgotten>('forget', forgotten as AnyForgotten, FIELDS);
  const { owners, ...query } = wanted;
  if (owners === undefined) return markQueried(known, dataset, query as RowQuery);
  if (Object.keys(query).length === 0) return markOwners(known, dataset, owners);
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    'forget must be rows, {owners}, {subject}, {subject, owned} or {ids}',
  );
}

/** A request with any of its fields. */
interface AnyForgotten {
  readonly owners?: Uint32Array | readonly number[];
  readonly subject?: Subject;
  readonly owned?: 'alone' | 'shared';
  readonly ids?: Iterable<RowId>;
}

const FIELDS = { owners: true, subject: true, owned: true, ids: true } as const;

function markRows(known: readonly OwnedRows[], dataset: Dataset, wanted: Rows): Uint8Array {
  const isKnown = maskOf(known, dataset);
  const isAnyGone = known.some(({ rows }) => rows.includes(GONE));
  const rows = isAnyGone ? dataset.rowSet(wanted) : dataset.nonEmptyRowSet(wanted, 'forget set');
  for (const row of rows) {
    if (isKnown[row]) continue;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${row} of ${dataset.name} was not trained on, or is already forgotten`,
    );
  }
  return rows.mask();
}

function markQueried(known: readonly OwnedRows[], dataset: Dataset, query: RowQuery): Uint8Array {
  const isKnown = maskOf(known, dataset);
  const rows = dataset.rowsOf(query).filter((row) => isKnown[row] === 1);
  if (rows.length > 0 || known.some((part) => part.rows.includes(GONE))) return rows.mask();
  throw new LetheError(
    'subject' in query ? 'ERR_UNKNOWN_SUBJECT' : 'ERR_INVALID_ROWS',
    `none of these rows of ${dataset.name} was trained on, or all are already forgotten`,
  );
}

/** [dataset rows], 1 for a row that was trained on, else 0. */
function maskOf(known: readonly OwnedRows[], dataset: Dataset): Uint8Array {
  const mask = new Uint8Array(dataset.rows);
  for (const { rows } of known) for (const row of rows) if (row !== GONE) mask[row] = 1;
  return mask;
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
      if (rows[i] !== GONE) marks[rows[i]!] = 1;
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
