import { LetheError } from '../../base/errors.js';
import { listed } from '../../base/listed.js';
import { isWellFormed } from '../../base/well-formed.js';
import { categoriesInOrder, NamePlaces } from '../class-order.js';
import { MOST_UNITS } from '../layout.js';
import {
  type CategoryColumn,
  type ColumnEncoding,
  checkEncoding,
  inputsOf,
} from './column-encoding.js';
import { isFound, type WantedColumn } from './encode-options.js';

/** Makes the error of a value that does not fit; it takes what the value should be. */
type Refuse = (expected: string) => LetheError;

/** Makes the error of a column in which no usable categories are found; it takes what is wrong. */
type RefuseColumn = (column: number, problem: string) => LetheError;

/** Of all categories that are found: they become a part of every model's file. */
const MOST_CHARACTERS = 2 ** 24;

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
  readonly #refuseColumn: RefuseColumn;
  /** That the network would have by now. */
  #inputs: number;
  #characters = 0;

  constructor(columns: readonly WantedColumn[], refuseColumn: RefuseColumn = invalidColumn) {
    this.#columns = columns;
    this.#refuseColumn = refuseColumn;
    this.#inputs = columns.reduce((sum, column) => sum + inputsSoFar(column), 0);
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

  /**
   * The raw value of a cell.
   *
   * @param cell a number, bigint, boolean or text; undefined, null and NaN are missing
   * @throws {LetheError} what `refuse` makes; what `refuseColumn` makes of more categories than a network
   * has inputs
   */
  value(column: number, cell: unknown, refuse: Refuse): number {
    const { missing } = this.#columns[column]!;
    if (cell === undefined || cell === null || Number.isNaN(cell)) {
      if (missing !== undefined) return Number.NaN;
      throw refuse('there, or be given a meaning with `missing`');
    }
    const vocabulary = this.#vocabularies[column];
    return vocabulary ? this.#placeOf(vocabulary, cell, refuse) : numberOf(cell, refuse);
  }

  /**
   * The encoding of all columns. Categories that were found get the places of their order.
   *
   * @param values row-major [rows, columns], as `value` gave them
   * @throws {LetheError} what `refuseColumn` makes of a column in which no category was found;
   * ERR_INVALID_ARGUMENT: more inputs than a network has
   */
  finish(values: Float32Array): readonly ColumnEncoding[] {
    const encoding = this.#columns.map((column, i): ColumnEncoding => {
      const vocabulary = this.#vocabularies[i];
      if (!vocabulary || vocabulary.places) return column as ColumnEncoding;
      if (vocabulary.found.size === 0) {
        throw this.#refuseColumn(i, 'has no category: its value is missing in all rows');
      }
      const categories = categoriesInOrder([...vocabulary.found.keys()]);
      this.#rearrange(values, i, vocabulary.found, new NamePlaces(categories));
      return { ...(column as CategoryColumn), categories };
    });
    return checkEncoding(encoding, encoding.length);
  }

  #placeOf({ column, places, found }: Vocabulary, cell: unknown, refuse: Refuse): number {
    const isName =
      typeof cell === 'string'
        ? cell !== '' && isWellFormed(cell)
        : ['bigint', 'boolean'].includes(typeof cell) || Number.isFinite(cell);
    if (!isName) throw refuse('the name of a category: a text, a finite number or a boolean');
    const text = String(cell);
    if (places) {
      const categories = column.categories as readonly string[];
      const place = places.find(text);
      if (place !== undefined) return place;
      if (column.unknown !== undefined) return categories.length;
      throw refuse(`one of ${listed(categories)}, or unknown: 'none' be given`);
    }
    const place = found.get(text) ?? found.size;
    if (place === found.size) {
      this.#makeRoom(text);
      found.set(text, place);
    }
    return place;
  }

  /** For another category: a column of free text would take all memory. */
  #makeRoom(category: string): void {
    this.#inputs++;
    this.#characters += category.length;
    if (this.#inputs <= MOST_UNITS && this.#characters <= MOST_CHARACTERS) return;
    const sizes = this.#vocabularies.map((vocabulary) => vocabulary?.found.size ?? 0);
    const problem =
      this.#inputs > MOST_UNITS
        ? `has more categories than a network has inputs, at most ${MOST_UNITS}`
        : `has categories of more than ${MOST_CHARACTERS} characters in all`;
    const largest = sizes.reduce((best, size, i) => (size > sizes[best]! ? i : best), 0);
    throw this.#refuseColumn(
      largest,
      `${problem}: if it holds free text or ids, leave it out with the option features`,
    );
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

/** Without the categories that are still to be found. */
function inputsSoFar(column: WantedColumn): number {
  return isFound(column) ? Number(column.indicator) : inputsOf([column]);
}

function invalidColumn(column: number, problem: string): LetheError {
  return new LetheError('ERR_INVALID_ARGUMENT', `column ${column} ${problem}`);
}
