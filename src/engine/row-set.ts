import { describeValue, isInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { PhiloxStream } from '../base/philox.js';

/** What rows are positions in: a data set. */
export interface RowSpace {
  /** It stands in the messages. */
  readonly name: string;
  /** How many there are. */
  readonly rows: number;
}

/** Rows of a data set: positions, or such as have been checked before. */
export type Rows = RowSet | Uint32Array | readonly number[];

/**
 * Positions of rows in a data set, each at most once, in an order that means something to whoever
 * takes it. They are checked when the set is made; whatever takes a set of its own data set does
 * not copy or check it again. `dataset.rowSet(positions)` makes one.
 */
export class RowSet {
  readonly dataset: RowSpace;
  /** Do not change it. */
  readonly positions: Uint32Array;

  private constructor(dataset: RowSpace, positions: Uint32Array) {
    this.dataset = dataset;
    this.positions = positions;
  }

  /**
   * The rows as a set: itself where it is one of this data set.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: out of range, negative, fractional, given twice, or of
   * another data set. ERR_INVALID_ARGUMENT: no list.
   */
  static of(dataset: RowSpace, rows: Rows): RowSet {
    if (rows instanceof RowSet) return rows.#requireIn(dataset);
    return new RowSet(dataset, checkPositions(dataset, rows));
  }

  /** As `of`, but two sets, of which no row may be in both. */
  static disjoint(dataset: RowSpace, first: Rows, second: Rows): [RowSet, RowSet] {
    const sets = [RowSet.of(dataset, first), RowSet.of(dataset, second)] as [RowSet, RowSet];
    const marks = sets[0].marks();
    const shared = sets[1].positions.find((row) => marks[row] === 1);
    if (shared === undefined) return sets;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${shared} of ${dataset.name} is in both sets, but they must not share a row`,
    );
  }

  /** @internal Positions that are known to be in the data set, each once; not copied. */
  static trusted(dataset: RowSpace, positions: Uint32Array): RowSet {
    return new RowSet(dataset, positions);
  }

  get length(): number {
    return this.positions.length;
  }

  [Symbol.iterator](): ArrayIterator<number> {
    return this.positions.values();
  }

  /** The rows from `start` to before `end`, counted as Array.slice does. */
  slice(start?: number, end?: number): RowSet {
    return new RowSet(this.dataset, this.positions.slice(start, end));
  }

  /** Those rows that pass, in their order. */
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
   * @throws {LetheError} ERR_INVALID_ROWS: a row is in both
   */
  followedBy(other: RowSet): RowSet {
    RowSet.disjoint(this.dataset, this, other);
    const positions = new Uint32Array(this.length + other.length);
    positions.set(this.positions);
    positions.set(other.positions, this.length);
    return new RowSet(this.dataset, positions);
  }

  /** What a list with a value for each row of the data set, such as its labels, holds for these. */
  gather(values: Uint32Array): Uint32Array {
    return this.positions.map((row) => values[row]!);
  }

  /** A 1 for each row of the data set that is in this set, else 0. */
  marks(): Uint8Array {
    const marks = new Uint8Array(this.dataset.rows);
    for (const row of this.positions) marks[row] = 1;
    return marks;
  }

  #requireIn(dataset: RowSpace): RowSet {
    if (this.dataset === dataset) return this;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `these are rows of ${this.dataset.name}, not of this data set, ${dataset.name}`,
    );
  }
}

/** A list of indices as the caller gave it. */
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

/** A copy, which nobody else changes. */
function checkPositions(
  { rows: count, name }: RowSpace,
  rows: Uint32Array | readonly number[],
): Uint32Array {
  requireIndices('rows', rows);
  const seen = new Uint8Array(count);
  // If there are more than the data set has, one is out of range or given twice before the last place is taken.
  const checked = new Uint32Array(Math.min(rows.length, count));
  // By index: iterating an array whose memory was given away throws an error of its own.
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
