import { describeValue } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { LiveRows } from './live-rows.js';
import { columnFor, type PackedIds, type RowId, requireName } from './packed-ids.js';

/** Gathers ids in the order in which rows come. */
export class RowIdColumn {
  #ids: PackedIds | undefined;
  #rows = 0;

  /**
   * @param id undefined if the row has none
   * @throws {LetheError} ERR_INVALID_ARGUMENT: no id, though other rows have one; or one of another
   * kind
   */
  push(id: unknown): void {
    const row = this.#rows++;
    if (row > 0 && (id === undefined) !== (this.#ids === undefined)) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `row ${row} has ${id === undefined ? 'no' : 'an'} id, but the rows before it ` +
          `have ${id === undefined ? 'one' : 'none'}: give all rows an id, or none`,
      );
    }
    if (id === undefined) return;
    const name = requireName(`the id of row ${row}`, id);
    this.#ids ??= columnFor(name);
    if (row > 0 && (typeof name === 'string') !== (typeof this.#ids.at(0) === 'string')) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the id of row ${row} is a ${typeof name}, but that of row 0 is a ` +
          `${typeof this.#ids.at(0)}: ids must be all texts or all whole numbers`,
      );
    }
    this.#ids.push(name);
  }

  /** Undefined if the rows have no ids. */
  get ids(): PackedIds | undefined {
    return this.#ids;
  }
}

/** Says of two rows, counted from 0, that they have the same id. */
export type DescribeRepeated = (first: number, second: number) => string;

/**
 * The ids in ascending order.
 *
 * @param describe says which rows have the same id, in the terms of where they come from
 * @param order their places in this order, as the addon has sorted them
 * @throws {LetheError} ERR_DUPLICATE: two rows have the same id
 */
export function arrangedIds(
  ids: PackedIds,
  order: Uint32Array,
  describe: DescribeRepeated,
): PackedIds {
  for (let i = 1; i < order.length; i++) {
    const [first, second] = [order[i - 1]!, order[i]!];
    if (ids.compare(first, second) !== 0) continue;
    throw new LetheError(
      'ERR_DUPLICATE',
      `${describe(first, second)} ${quoted(ids.at(first))}: an id names one row`,
    );
  }
  return ids.pick(order);
}

/** Of rows that have no other place than in the data set. */
export function repeatedIn(name: string): DescribeRepeated {
  return (first, second) => `${name}: rows ${first} and ${second} both have the id`;
}

/** As it is written in JavaScript: 17 and '17' are different. */
export function quoted(name: RowId): string {
  return typeof name === 'string' ? JSON.stringify(name) : String(name);
}

/** A row as messages name it. */
export function rowName(row: number, id: unknown): string {
  if (id === undefined) return `row ${row}`;
  return `row ${row} (id ${typeof id === 'string' ? quoted(id) : describeValue(id)})`;
}

/**
 * The ids of a data set's rows, in its order: whole numbers ascending by value, texts by their bytes
 * in UTF-8. If the rows were given no ids, a row's id is its position. Erased rows have none.
 */
export class RowIds implements Iterable<RowId> {
  readonly #live: LiveRows;
  readonly #ids: PackedIds | undefined;
  readonly #name: string;

  /** @internal @param ids ascending, or undefined: then positions are the ids */
  constructor(name: string, live: LiveRows, ids: PackedIds | undefined) {
    this.#name = name;
    this.#live = live;
    this.#ids = ids;
    Object.freeze(this);
  }

  /** @internal */
  get packed(): PackedIds | undefined {
    return this.#ids;
  }

  /** Whether no ids were given, so that a row's id is its position. */
  get arePositions(): boolean {
    return this.#ids === undefined;
  }

  /** How many rows there are that have not been erased. */
  get size(): number {
    return this.#live.count;
  }

  /**
   * The id of the row at a position.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: no such position. ERR_ERASED_ROW.
   */
  at(position: number): RowId {
    requirePosition(this.#name, this.#live, position);
    return this.#ids?.at(position) ?? position;
  }

  /** The ids of the rows at these positions, such as those of a row set. @throws as `at` */
  of(positions: Iterable<number>): RowId[] {
    return Array.from(positions, (position) => this.at(position));
  }

  has(id: RowId): boolean {
    return this.find(id) !== undefined;
  }

  /**
   * The position of the row with this id.
   *
   * @throws {LetheError} ERR_UNKNOWN_ROW: there is none, or it has been erased.
   * ERR_INVALID_ARGUMENT: not an id.
   */
  positionOf(id: RowId): number {
    const position = this.find(id);
    if (position !== undefined) return position;
    throw new LetheError(
      'ERR_UNKNOWN_ROW',
      `${this.#name} has no row with the id ${quoted(id)}: it never had one, or has erased it` +
        this.#hint(id),
    );
  }

  /** The ids, in the order of the rows, without those of erased rows. */
  *[Symbol.iterator](): Generator<RowId> {
    for (const position of this.#live.positions()) yield this.#ids?.at(position) ?? position;
  }

  /**
   * The position of the row with this id; undefined if there is none, or it has been erased.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: not an id
   */
  find(id: RowId): number | undefined {
    const wanted = requireName('an id', id);
    // By bisection among live rows, since the ids of erased rows have been overwritten.
    const rows = this.#live.positions();
    if (!this.#isOfKind(wanted) || rows.length === 0) return undefined;
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(rows[middle]!, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return this.#compare(rows[low]!, wanted) === 0 ? rows[low] : undefined;
  }

  #compare(row: number, id: RowId): number {
    return this.#ids ? this.#ids.compareTo(row, id) : row - Number(id);
  }

  #isOfKind(id: RowId): boolean {
    return (typeof id === 'string') === (typeof this.#ids?.at(0) === 'string');
  }

  #hint(id: RowId): string {
    if (this.#isOfKind(requireName('an id', id))) return '';
    return `; its ids are ${typeof id === 'string' ? 'whole numbers, not texts' : 'texts, not numbers'}`;
  }
}

/** @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW */
export function requirePosition(name: string, live: LiveRows, position: number): void {
  if (live.isErased(position)) {
    throw new LetheError('ERR_ERASED_ROW', `row ${position} of ${name} has been erased`);
  }
  if (Number.isInteger(position) && position >= 0 && position < live.rows) return;
  throw new LetheError(
    'ERR_INVALID_ROWS',
    `row ${String(position)} is not one of the ${live.rows} rows of ${name}`,
  );
}
