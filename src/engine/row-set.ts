import { describeValue, isInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { PhiloxStream } from '../base/philox.js';

/** What row positions refer to: a data set. */
export interface RowSpace {
  /** Appears in error messages. */
  readonly name: string;
  /** The number of rows. */
  readonly rows: number;
}

/** Rows of a data set: a list of positions, or a RowSet that has been checked already. */
export type Rows = RowSet | Uint32Array | readonly number[];

/**
 * An ordered list of row positions of one data set, each at most once. The positions are checked
 * when the set is made with `dataset.rowSet(positions)`; functions that take a set of their own
 * data set neither copy nor check it again.
 */
export class RowSet {
  readonly dataset: RowSpace;
  /** Must not be modified. */
  readonly positions: Uint32Array;

  private constructor(dataset: RowSpace, positions: Uint32Array) {
    this.dataset = dataset;
    this.positions = positions;
  }

  /**
   * The rows as a set; a RowSet of this data set is returned as it is.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is out of range, negative, fractional, given twice
   * or of another data set. ERR_INVALID_ARGUMENT: `rows` is not a list.
   */
  static of(dataset: RowSpace, rows: Rows): RowSet {
    if (rows instanceof RowSet) return rows.#requireIn(dataset);
    return new RowSet(dataset, checkPositions(dataset, rows));
  }

  /** As `of`, for two sets that must not share a row. */
  static disjoint(dataset: RowSpace, first: Rows, second: Rows): [RowSet, RowSet] {
    const sets = [RowSet.of(dataset, first), RowSet.of(dataset, second)] as [RowSet, RowSet];
    const mask = sets[0].mask();
    const shared = sets[1].positions.find((row) => mask[row] === 1);
    if (shared === undefined) return sets;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${shared} of ${dataset.name} is in both sets, but they must not share a row`,
    );
  }

  /**
   * @internal Skips the checks and the copy: every position must be in the data set, each only
   * once.
   */
  static trusted(dataset: RowSpace, positions: Uint32Array): RowSet {
    return new RowSet(dataset, positions);
  }

  get length(): number {
    return this.positions.length;
  }

  [Symbol.iterator](): ArrayIterator<number> {
    return this.positions.values();
  }

  /** The rows from `start` up to but not including `end`, as in Array.slice. */
  slice(start?: number, end?: number): RowSet {
    return new RowSet(this.dataset, this.positions.slice(start, end));
  }

  /** The rows that pass, in the same order. */
  filter(passes: (row: number, index: number) => boolean): RowSet {
    return new RowSet(this.dataset, this.positions.filter(passes));
  }

  /** The rows in random order. */
  shuffled(stream: PhiloxStream): RowSet {
    return new RowSet(this.dataset, stream.shuffle(this.positions.slice()));
  }

  /**
   * These rows, then those of another set of the same data set.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is in both sets
   */
  followedBy(other: RowSet): RowSet {
    RowSet.disjoint(this.dataset, this, other);
    const positions = new Uint32Array(this.length + other.length);
    positions.set(this.positions);
    positions.set(other.positions, this.length);
    return new RowSet(this.dataset, positions);
  }

  /**
   * The values of these rows, from a list with one value for each row of the data set (e.g.
   * labels).
   */
  gather(values: Uint32Array): Uint32Array {
    return this.positions.map((row) => values[row]!);
  }

  /** One byte for each row of the data set: 1 if it is in this set, else 0. */
  mask(): Uint8Array {
    const marks = new Uint8Array(this.dataset.rows);
    for (const row of this.positions) marks[row] = 1;
    return marks;
  }

  #requireIn(dataset: RowSpace): RowSet {
    if (this.dataset === dataset) return this;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `the rows are of ${this.dataset.name}, but rows of ${dataset.name} are expected`,
    );
  }
}

/** Requires a list of indices; neither copied nor checked. */
export function requireIndices(
  name: string,
  value: Uint32Array | readonly number[],
): Uint32Array | readonly number[] {
  if (isInstance(value, Uint32Array) || Array.isArray(value)) return value;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} must be a Uint32Array or an array, but is ${describeValue(value)}`,
  );
}

/** Checks the positions and returns a copy that the caller cannot change. */
function checkPositions(
  { rows: count, name }: RowSpace,
  rows: Uint32Array | readonly number[],
): Uint32Array {
  requireIndices('rows', rows);
  const seen = new Uint8Array(count);
  // A longer list is refused before it overflows: one of its rows is out of range or given twice.
  const checked = new Uint32Array(Math.min(rows.length, count));
  // By index, because iterating over a detached array throws a TypeError.
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= count) {
      throw new LetheError(
        'ERR_INVALID_ROWS',
        `row ${describeValue(row)} is not one of the ${count} rows of ${name}`,
      );
    }
    if (seen[row]) throw new LetheError('ERR_INVALID_ROWS', `row ${row} of ${name} is given twice`);
    seen[row] = 1;
    checked[i] = row;
  }
  return checked;
}
