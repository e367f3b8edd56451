import { type KnownFields, requireKnownFields, requireObject } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { listed } from '../../base/listed.js';
import {
  type CategoryColumn,
  type ColumnEncoding,
  checkColumn,
  checkEncoding,
  type NumberColumn,
} from './column-encoding.js';

export type NumberEncoding = Omit<NumberColumn, 'kind'>;

/** As CategoryColumn; `found`: the categories are those in the rows, in order as classes are. */
export type CategoryEncoding = Omit<CategoryColumn, 'kind' | 'categories'> & {
  readonly categories: readonly string[] | 'found';
};

/** How columns are encoded, by their names. */
export interface EncodeOptions {
  /** For all columns that `columns` does not name; they are numbers. Default: as they are. */
  readonly numbers?: NumberEncoding;
  /** By the name of a column, or of a list, for all its elements. Categories make it a column of these. */
  readonly columns?: Readonly<Record<string, NumberEncoding | CategoryEncoding>>;
}

const OPTIONS: KnownFields<EncodeOptions> = { numbers: true, columns: true };

/** A column whose categories may still have to be found. */
export type WantedColumn = ColumnEncoding | FoundCategories;

export type FoundCategories = Omit<CategoryColumn, 'categories'> & { readonly categories: 'found' };

export function isFound(column: WantedColumn): column is FoundCategories {
  return column.kind === 'category' && column.categories === 'found';
}

/**
 * A copy that the caller can no longer change, and that can be sent to another process.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function checkEncode(
  encode: EncodeOptions | readonly ColumnEncoding[],
): EncodeOptions | readonly ColumnEncoding[] {
  if (Array.isArray(encode)) return checkEncoding(encode, encode.length);
  const { numbers = {}, columns = {} } = requireKnownFields(
    'encode',
    encode as EncodeOptions,
    OPTIONS,
  );
  const named = Object.entries(requireObject('encode.columns', columns));
  return {
    numbers: checkColumn('encode.numbers', { ...numbers, kind: 'number' }) as NumberColumn,
    columns: Object.fromEntries(
      named.map(([name, wanted]) => [name, wantedColumn(`encode.columns.${name}`, wanted)]),
    ),
  };
}

/**
 * The encoding of each column.
 *
 * @param encode the encoding of another data set of the same columns, or options
 * @param columns their names
 * @param lists for each column the name of the list that it is an element of, or else its own: options
 * of a list are those of all its elements but the ones that have options of their own
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function wantedColumns(
  encode: EncodeOptions | readonly ColumnEncoding[],
  columns: readonly string[],
  lists = columns,
): readonly WantedColumn[] {
  if (Array.isArray(encode)) return checkEncoding(encode, columns.length);
  const { numbers, columns: named } = checkEncode(encode) as Required<EncodeOptions>;
  const names = new Set([...columns, ...lists]);
  const stray = Object.keys(named).find((name) => !names.has(name));
  if (stray !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `encode.columns names ${stray}, which is no feature: they are ${listed([...names])}`,
    );
  }
  return columns.map((column, i) => {
    const name = [column, lists[i]!].find((candidate) => Object.hasOwn(named, candidate));
    return (name === undefined ? numbers : named[name]) as WantedColumn;
  });
}

function wantedColumn(name: string, wanted: NumberEncoding | CategoryEncoding): WantedColumn {
  requireObject(name, wanted);
  if (!isCategories(wanted)) return checkColumn(name, { ...wanted, kind: 'number' });
  const { categories, ...rest } = wanted;
  if (categories !== 'found') return checkColumn(name, { ...rest, categories, kind: 'category' });
  // What else it says is checked with a category in place of those to be found.
  const checked = checkColumn(name, { ...rest, categories: ['?'], kind: 'category' });
  return { ...(checked as CategoryColumn), categories };
}

function isCategories(wanted: NumberEncoding | CategoryEncoding): wanted is CategoryEncoding {
  return 'categories' in wanted;
}
