import type { LetheError } from '../../base/errors.js';
import { listed } from '../../base/listed.js';
import { isWellFormed } from '../../base/well-formed.js';
import { NamePlaces, namesInOrder } from '../class-order.js';
import { type CategoryColumn, type ColumnEncoding, checkEncoding } from './column-encoding.js';
import type { WantedColumn } from './encode-options.js';

/** Makes the error of a value that does not fit; it takes what the value should be. */
type Refuse = (expected: string) => LetheError;

/** What a category column takes from cell to cell. */
interface Vocabulary {
  readonly column: Exclude<WantedColumn, { readonly kind: 'number' }>;
  /** Undefined while the categories are being found. */
  readonly places: NamePlaces | undefined;
  /** In order of their first occurrence. */
  readonly found: Map<string, number>;
}

/** Turns cells into raw values, column by column: see ColumnEncoding. */
export class RawValues {
  readonly #columns: readonly WantedColumn[];
  readonly #vocabularies: readonly (Vocabulary | undefined)[];

  constructor(columns: readonly WantedColumn[]) {
    this.#columns = columns;
    this.#vocabularies = columns.map((column) =>
      column.kind === 'number'
        ? undefined
        : {
            column,
            places: column.categories === 'found' ? undefined : new NamePlaces(column.categories),
            found: new Map<string, number>(),
          },
    );
  }

  isCategory(column: number): boolean {
    return this.#vocabularies[column] !== undefined;
  }

  /**
   * The raw value of a cell.
   *
   * @param cell a number, bigint, boolean or text; undefined, null and NaN are missing
   * @throws {LetheError} what `refuse` makes
   */
  value(column: number, cell: unknown, refuse: Refuse): number {
    const { missing } = this.#columns[column]!;
    if (cell === undefined || cell === null || Number.isNaN(cell)) {
      if (missing !== undefined) return Number.NaN;
      throw refuse('there, or be given a meaning with `missing`');
    }
    const vocabulary = this.#vocabularies[column];
    return vocabulary ? placeOf(vocabulary, cell, refuse) : numberOf(cell, refuse);
  }

  /**
   * The encoding of all columns. Categories that were found get the places of their order.
   *
   * @param values row-major [rows, columns], as `value` gave them
   * @throws {LetheError} ERR_INVALID_ARGUMENT: a column of which no category was found
   */
  finish(values: Float32Array): readonly ColumnEncoding[] {
    const encoding = this.#columns.map((column, i): ColumnEncoding => {
      const vocabulary = this.#vocabularies[i];
      if (!vocabulary || vocabulary.places) return column as ColumnEncoding;
      const categories = namesInOrder([...vocabulary.found.keys()]);
      this.#rearrange(values, i, vocabulary.found, new NamePlaces(categories));
      return { ...(column as CategoryColumn), categories };
    });
    return checkEncoding(encoding, encoding.length);
  }

  #rearrange(
    values: Float32Array,
    column: number,
    found: ReadonlyMap<string, number>,
    places: NamePlaces,
  ): void {
    const placeOf = Uint32Array.from(found.keys(), (text) => places.find(text)!);
    for (let at = column; at < values.length; at += this.#columns.length) {
      if (!Number.isNaN(values[at])) values[at] = placeOf[values[at]!]!;
    }
  }
}

function numberOf(cell: unknown, refuse: Refuse): number {
  const isNumeric = ['number', 'bigint', 'boolean'].includes(typeof cell);
  const value = isNumeric ? Math.fround(Number(cell)) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw refuse('a finite number that float32 can hold');
}

function placeOf({ column, places, found }: Vocabulary, cell: unknown, refuse: Refuse): number {
  const isName =
    (typeof cell === 'string' && cell !== '' && isWellFormed(cell)) ||
    ['number', 'bigint', 'boolean'].includes(typeof cell);
  if (!isName) throw refuse('the name of a category: a text, a number or a boolean');
  const text = String(cell);
  if (places) {
    const categories = column.categories as readonly string[];
    const place = places.find(text);
    if (place !== undefined) return place;
    if (column.unknown !== undefined) return categories.length;
    throw refuse(`one of ${listed(categories)}, or unknown: 'none' be given`);
  }
  const place = found.get(text) ?? found.size;
  if (place === found.size) found.set(text, place);
  return place;
}
