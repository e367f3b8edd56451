import { describeValue } from '../base/arguments.js';
import type { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import type { CategoryColumn, ColumnEncoding } from '../engine/encoding/column-encoding.js';
import { type WantedColumn, wantedColumns } from '../engine/encoding/encode-options.js';
import { RawValues } from '../engine/encoding/raw-values.js';
import { categoryRemedy, encodeRemedy } from './encode-remedy.js';
import { MissingTexts } from './missing.js';
import { formatHint, type NumberReader } from './number-format.js';
import type { TableOptions } from './table.js';

/** A feature by the name of its column, or as an element of a list. */
export interface Feature {
  readonly name: string;
  /** The name of the list, if it is an element of one. */
  readonly list?: string;
}

/** There is a country whose code is NA. */
const NAME_REMEDY = ', or, if this is a category, list with the option missing what means none';

/** More are no data set, but an attack on the memory. */
const MOST_ELEMENTS = 2 ** 24;

/**
 * The features that a column is: a list is as many as it is long.
 *
 * @throws {LetheError} ERR_INVALID_DATA: a list that is too long
 */
export function featuresOf(file: string, column: string, listLength?: number): Feature[] {
  if (listLength === undefined) return [{ name: column }];
  if (listLength > MOST_ELEMENTS) {
    throw invalidData(
      file,
      `each row of ${column} has ${listLength} values, but at most ${MOST_ELEMENTS} are possible`,
    );
  }
  return Array.from({ length: listLength }, (_, i) => ({ name: `${column}[${i}]`, list: column }));
}

/**
 * Turns the cells of a table's features into float32 values: into numbers, or, where the option `encode` is
 * given, into raw values of their columns' encodings.
 */
export class FeatureCells {
  readonly names: readonly string[];
  readonly #features: readonly Feature[];
  readonly #encode: TableOptions['encode'];
  readonly #wanted: readonly WantedColumn[] | undefined;
  readonly #rawValues: RawValues | undefined;
  readonly #missing: MissingTexts;
  readonly #numbers: NumberReader | undefined;

  /**
   * @param file appears in error messages
   * @param numbers reads the numbers of a file of texts
   * @throws {LetheError} ERR_INVALID_ARGUMENT: `encode` does not fit the features
   */
  constructor(
    file: string,
    features: readonly Feature[],
    { encode, missing }: Pick<TableOptions, 'encode' | 'missing'>,
    numbers?: NumberReader,
  ) {
    this.names = features.map(({ name }) => name);
    this.#features = features;
    this.#encode = encode;
    this.#missing = new MissingTexts(missing);
    this.#numbers = numbers;
    if (!encode) return;
    const lists = features.map(({ name, list }) => list ?? name);
    this.#wanted = wantedColumns(encode, this.names, lists);
    this.#rawValues = new RawValues(this.#wanted, (feature, problem) =>
      invalidData(file, `the column ${this.names[feature]} ${problem}`),
    );
  }

  /**
   * The value of a cell.
   *
   * @param feature its place among the features
   * @param cell a number, bigint, boolean or text; undefined, null, NaN and the texts of the option
   * `missing` are missing
   * @param row the first row is 0
   * @throws {LetheError} ERR_INVALID_DATA
   */
  value(feature: number, cell: unknown, file: string, row: number): number {
    const wanted = this.#wanted?.[feature];
    const isCategory = wanted?.kind === 'category';
    if ((isCategory || wanted?.missing !== undefined) && this.#isMissing(cell)) {
      if (wanted.missing !== undefined) return Number.NaN;
      throw this.#refuse(feature, file, row, this.#missingValue(feature, cell));
    }
    if (isCategory) {
      return this.#rawValues!.value(feature, this.#nameIn(cell), (expected) =>
        this.#refuse(feature, file, row, `is ${describeValue(cell)}, but must be ${expected}`),
      );
    }
    const value = Math.fround(this.#numberIn(cell));
    if (Number.isFinite(value)) return value;
    const problem = this.#isMissing(cell)
      ? this.#missingValue(feature, cell)
      : `is ${describeValue(cell)}, not a finite number${this.#hint(feature, cell)}`;
    throw this.#refuse(feature, file, row, problem);
  }

  /**
   * The encoding of the features; undefined without the option `encode`.
   *
   * @param values row-major [rows, features], as `value` gave them; places of categories that were found are
   * changed to those of their order
   * @throws {LetheError} ERR_INVALID_DATA: a column without a category; ERR_INVALID_ARGUMENT: more inputs than a
   * network has
   */
  finish(values: Float32Array): readonly ColumnEncoding[] | undefined {
    return this.#rawValues?.finish(values);
  }

  #isMissing(cell: unknown): boolean {
    if (typeof cell === 'string') return this.#missing.means(cell);
    return cell === undefined || cell === null || Number.isNaN(cell);
  }

  #numberIn(cell: unknown): number {
    if (typeof cell === 'string') return this.#numbers?.value(cell) ?? Number.NaN;
    return ['number', 'bigint', 'boolean'].includes(typeof cell) ? Number(cell) : Number.NaN;
  }

  /** In a file of texts a number may be of another spelling. */
  #nameIn(cell: unknown): unknown {
    return typeof cell === 'string' ? (this.#numbers?.plain(cell) ?? cell) : cell;
  }

  #refuse(feature: number, file: string, row: number, problem: string): LetheError {
    return invalidData(file, `row ${row + 1}, column ${this.names[feature]} ${problem}`);
  }

  #missingValue(feature: number, cell: unknown): string {
    const isBlank = cell === undefined || cell === null || String(cell).trim() === '';
    const text = typeof cell === 'string' ? `holds ${describeValue(cell)}` : 'is NaN';
    const remedy = encodeRemedy(this.#columnOf(feature), this.#missingOption(feature));
    const where = Array.isArray(this.#encode) ? ' where the training rows are read' : '';
    const isName = typeof cell === 'string' && this.#wanted?.[feature]?.kind === 'category';
    const other = isName && !isBlank ? NAME_REMEDY : '';
    return `${isBlank ? 'is empty' : text}: leave the row out, or ${remedy}${where}${other}`;
  }

  #missingOption(feature: number): string {
    const wanted = this.#wanted?.[feature];
    if (wanted?.kind !== 'category') return "missing: 'mean'";
    const isFound =
      (wanted as { readonly categories: CategoryColumn['categories'] | 'found' }).categories ===
      'found';
    return `categories: ${isFound ? "'found'" : '[...]'}, missing: 'none'`;
  }

  /** Options are given for a list as a whole. */
  #columnOf(feature: number): string {
    const { name, list } = this.#features[feature]!;
    return list ?? name;
  }

  #hint(feature: number, cell: unknown): string {
    if (typeof cell !== 'string') return '';
    const format = this.#numbers ? formatHint(cell) : '';
    // Infinity, 1e400 and 0x10 are numbers to JavaScript, and no categories.
    if (format || !Number.isNaN(Number(cell))) return format;
    return `: leave the row out, or, ${categoryRemedy(this.#columnOf(feature))}`;
  }
}
