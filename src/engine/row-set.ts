import { describeValue, isInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { PhiloxStream } from '../base/philox.js';
import { UNCLONEABLE } from '../base/uncloneable.js';
import type { LiveRows } from './live-rows.js';

/** What row positions refer to: a data set. */
export interface RowSpace {
  /** Appears in error messages. */
  readonly name: string;
  /** The number of positions, those of erased rows too. */
  readonly rows: number;
  /** @internal Which rows have not been erased. */
  readonly live?: LiveRows;
  /** @internal The data set whose positions these are, where several share them; default: itself. */
  readonly space?: RowSpace | undefined;
}

/** Rows of a data set: a list of positions, or a RowSet that has been checked already. */
export type Rows = RowSet | Uint32Array | readonly number[];

/** Known only here, so that no one else makes a set that has not been checked. */
const CHECKED = Symbol('checked');

/** @internal The positions of a set without a copy: to be read, and not to be shown to a caller. */
export let positionsOf: (rows: RowSet) => Uint32Array;

/**
 * @internal A set without the checks and the copy: every position must be in the data set, each
 * only once, and no one may change the array afterwards.
 */
export let trustedRows: (dataset: RowSpace, positions: Uint32Array) => RowSet;

/**
 * An ordered list of row positions of one data set, each at most once. The positions are checked
 * when the set is made with `dataset.rowSet(positions)`, and cannot be changed afterwards: a row
 * that was forgotten stays out while a run waits. Functions that take a set of their own data set
 * neither copy nor check it again.
 */
export class RowSet {
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  readonly #dataset: RowSpace;
  readonly #positions: Uint32Array;
  /** How often rows had been erased when the positions were last compared with those. */
  #checkedErasures = 0;

  static {
    positionsOf = (rows) => rows.#positions;
    trustedRows = (dataset, positions) => new RowSet(CHECKED, dataset, positions);
  }

  private constructor(checked: typeof CHECKED, dataset: RowSpace, positions: Uint32Array) {
    if (checked !== CHECKED) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'a RowSet is made with dataset.rowSet(positions), not with new',
      );
    }
    this.#dataset = dataset;
    this.#positions = positions;
  }

  /** Whether the value is a set of rows; a proxy or an object that merely inherits is not. */
  static is(value: unknown): value is RowSet {
    return typeof value === 'object' && value !== null && #positions in value;
  }

  /**
   * The rows as a set; a RowSet of this data set is returned as it is.
   *
   * @param name of the argument, for messages
   * @throws {LetheError} ERR_INVALID_ROWS: a row is out of range, negative, fractional, given twice
   * or of another data set. ERR_ERASED_ROW. ERR_INVALID_ARGUMENT: `rows` is not a list.
   */
  static of(dataset: RowSpace, rows: Rows, name = 'the list of rows'): RowSet {
    const set = RowSet.is(rows)
      ? requireIn(dataset, rows, name)
      : new RowSet(CHECKED, dataset, checkPositions(dataset, rows, name));
    set.#requireLive(name);
    return set;
  }

  /** As `of`, for two sets that must not share a row; their names appear in messages. */
  static disjoint(
    dataset: RowSpace,
    first: Rows,
    second: Rows,
    names: readonly [string, string] = ['the first set', 'the second set'],
  ): [RowSet, RowSet] {
    const sets: [RowSet, RowSet] = [
      RowSet.of(dataset, first, names[0]),
      RowSet.of(dataset, second, names[1]),
    ];
    const mask = sets[0].mask();
    const shared = sets[1].#positions.find((row) => mask[row] === 1);
    if (shared === undefined) return sets;
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${shared} of ${dataset.name} is in both ${names[0]} and ${names[1]}, ` +
        'but they must not share a row',
    );
  }

  /** A set may have been made before some of its rows were erased. */
  #requireLive(name: string): void {
    const { live, name: dataset } = this.#dataset;
    if (!live || this.#checkedErasures === live.erasures) return;
    const erased = this.#positions.find((row) => live.isErased(row));
    if (erased !== undefined) {
      throw new LetheError(
        'ERR_ERASED_ROW',
        `${name} holds row ${erased} of ${dataset}, which has been erased: make it anew, of rows ` +
          'that are left',
      );
    }
    this.#checkedErasures = live.erasures;
  }

  get dataset(): RowSpace {
    return this.#dataset;
  }

  /** The positions, in order: a copy. */
  get positions(): Uint32Array {
    return this.#positions.slice();
  }

  get length(): number {
    return this.#positions.length;
  }

  [Symbol.iterator](): ArrayIterator<number> {
    return this.#positions.values();
  }

  /** The rows from `start` up to but not including `end`, as in Array.slice. */
  slice(start?: number, end?: number): RowSet {
    return new RowSet(CHECKED, this.#dataset, this.#positions.slice(start, end));
  }

  /** The rows that pass, in the same order. */
  filter(passes: (row: number, index: number) => boolean): RowSet {
    // A callback with the array as its third argument could change the set.
    const kept = this.#positions.filter((row, index) => passes(row, index));
    return new RowSet(CHECKED, this.#dataset, kept);
  }

  /** The rows in random order. */
  shuffled(stream: PhiloxStream): RowSet {
    return new RowSet(CHECKED, this.#dataset, stream.shuffle(this.#positions.slice()));
  }

  /**
   * These rows, then those of another set of the same data set.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is in both sets
   */
  followedBy(other: Rows): RowSet {
    const [first, second] = RowSet.disjoint(this.#dataset, this, other);
    const positions = new Uint32Array(first.length + second.length);
    positions.set(first.#positions);
    positions.set(second.#positions, first.length);
    return new RowSet(CHECKED, this.#dataset, positions);
  }

  /**
   * The values of these rows, from a list with one value for each row of the data set (e.g.
   * labels).
   */
  gather(values: Uint32Array): Uint32Array {
    return this.#positions.map((row) => values[row]!);
  }

  /** One byte for each row of the data set: 1 if it is in this set, else 0. */
  mask(): Uint8Array {
    const marks = new Uint8Array(this.#dataset.rows);
    for (const row of this.#positions) marks[row] = 1;
    return marks;
  }
}

function requireIn(dataset: RowSpace, rows: RowSet, name: string): RowSet {
  if (spaceOf(rows.dataset) === spaceOf(dataset)) return rows;
  const other =
    rows.dataset.name === dataset.name ? 'another data set of this name' : rows.dataset.name;
  throw new LetheError(
    'ERR_INVALID_ROWS',
    `${name} must hold rows of ${dataset.name}, but holds rows of ${other}`,
  );
}

function spaceOf(dataset: RowSpace): RowSpace {
  return dataset.space ?? dataset;
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
  argument: string,
): Uint32Array {
  // Read only once: a getter among the elements could shorten the list.
  const { length } = requireIndices(argument, rows);
  const seen = new Uint8Array(count);
  // A longer list is refused before it overflows: one of its rows is out of range or given twice.
  const checked = new Uint32Array(Math.min(length, count));
  // By index, because iterating over a detached array throws a TypeError.
  for (let i = 0; i < length; i++) {
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
