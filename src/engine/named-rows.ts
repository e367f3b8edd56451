import { isInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { LiveRows } from './live-rows.js';
import type { RowIds } from './row-ids.js';
import { positionsNamed, type RowQuery } from './row-query.js';
import { RowSet, type RowSpace, type Rows, trustedRows } from './row-set.js';
import type { RowSubjects } from './row-subjects.js';

/** What rows are called, and which of them are left. */
export interface RowNames {
  readonly name: string;
  readonly rows: number;
  readonly live: LiveRows;
  readonly ids: RowIds;
  readonly subjects: RowSubjects;
}

/** The rows of a data set by their names and positions, without what is in them. */
export abstract class NamedRows implements RowSpace {
  /** Of the data set. */
  readonly name: string;
  /** All positions, those of erased rows too. */
  readonly rows: number;
  readonly ids: RowIds;
  readonly subjects: RowSubjects;
  /** @internal */
  readonly live: LiveRows;
  /** @internal The data set whose raw values these rows encode, and whose positions they have. */
  readonly space: RowSpace | undefined;

  /** @internal */
  protected constructor({ name, rows, live, ids, subjects }: RowNames, space?: RowSpace) {
    this.name = name;
    this.rows = rows;
    this.live = live;
    this.ids = ids;
    this.subjects = subjects;
    this.space = space;
  }

  /** All rows that have not been erased, in ascending order. */
  allRows(): RowSet {
    return trustedRows(this, this.live.positions());
  }

  /**
   * A set of rows of this data set. Rows that are used repeatedly are thus checked only once.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is out of range, negative, fractional, given twice
   * or of another data set. ERR_ERASED_ROW. ERR_INVALID_ARGUMENT: `rows` is not a list.
   */
  rowSet(rows: Rows): RowSet {
    return RowSet.of(this, rows);
  }

  /** As rowSet, but throws ERR_EMPTY_SET for an empty set; `what` names the set in the message. */
  nonEmptyRowSet(rows: Rows, what: string): RowSet {
    const checked = RowSet.of(this, rows, `the ${what}`);
    if (checked.length > 0) return checked;
    throw new LetheError('ERR_EMPTY_SET', `the ${what} of ${this.name} is empty`);
  }

  /**
   * The rows of a subject, also those that it shares with others, or the rows with these ids; in
   * ascending order of id.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT: owns no row. ERR_UNKNOWN_ROW: no row has the id.
   * ERR_DUPLICATE: an id is given twice. ERR_INVALID_ARGUMENT.
   */
  rowsOf(query: RowQuery): RowSet {
    return trustedRows(this, positionsNamed(this, query));
  }

  /**
   * All other rows, in ascending order of id: what is left when these leave.
   *
   * @throws {LetheError} as rowSet and rowsOf
   */
  without(rows: Rows | RowQuery): RowSet {
    const isList = RowSet.is(rows) || isInstance(rows, Uint32Array) || Array.isArray(rows);
    const gone = isList ? this.rowSet(rows as Rows) : this.rowsOf(rows as RowQuery);
    const isGone = gone.mask();
    return this.allRows().filter((row) => isGone[row] === 0);
  }
}
