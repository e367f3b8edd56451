import { describeValue, requireKnownFields, requireOneOf } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { RowId } from './packed-ids.js';
import { quoted, type RowIds } from './row-ids.js';
import type { RowSubjects, Subject } from './row-subjects.js';

/** Rows by name: those of a subject, or those with these ids. */
export type RowQuery =
  | {
      readonly subject: Subject;
      /** `alone`: only rows that belong to nobody else; `shared`: only the others. Default: all. */
      readonly owned?: 'alone' | 'shared';
    }
  | { readonly ids: Iterable<RowId> };

/** A query with any of its fields. */
interface AnyQuery {
  readonly subject?: Subject;
  readonly owned?: 'alone' | 'shared';
  readonly ids?: Iterable<RowId>;
}

const QUERY_NAMES = { subject: true, owned: true, ids: true } as const;

/** What the rows of a data set are called. */
interface RowNames {
  readonly ids: RowIds;
  readonly subjects: RowSubjects;
}

/**
 * The positions of the rows that a query names, ascending.
 *
 * @throws {LetheError} ERR_UNKNOWN_SUBJECT, ERR_UNKNOWN_ROW, ERR_DUPLICATE, ERR_INVALID_ARGUMENT
 */
export function positionsNamed(names: RowNames, query: RowQuery): Uint32Array {
  const { subject, owned, ids } = requireKnownFields<AnyQuery>('rows', query, QUERY_NAMES);
  if ((subject === undefined) === (ids === undefined) || (ids && owned)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'rows must be {subject}, {subject, owned} or {ids}',
    );
  }
  if (owned !== undefined) requireOneOf('owned', owned, ['alone', 'shared']);
  return ids ? positionsWithIds(names.ids, ids) : names.subjects.rowsOf(subject!, owned);
}

/**
 * The positions of the rows with these ids, ascending.
 *
 * @throws {LetheError} ERR_UNKNOWN_ROW, ERR_DUPLICATE, ERR_INVALID_ARGUMENT
 */
export function positionsWithIds(known: RowIds, wanted: Iterable<RowId>): Uint32Array {
  if (typeof wanted !== 'object' || wanted === null || !(Symbol.iterator in wanted)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `ids must be an array or another list of ids, but is ${describeValue(wanted)}`,
    );
  }
  const positions = new Set<number>();
  for (const id of wanted) {
    const position = known.positionOf(id);
    if (positions.has(position)) {
      throw new LetheError('ERR_DUPLICATE', `the id ${quoted(id)} is given twice`);
    }
    positions.add(position);
  }
  return Uint32Array.from(positions).sort();
}
