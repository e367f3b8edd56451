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
  /** By the name of a column, or of a list whose elements are columns. Categories make it one of these. */
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
 * The encoding of each column.
 *
 * @param encode the encoding of another data set of the same columns, or options
 * @param columns their names; elements of one list share its name
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function wantedColumns(
  encode: EncodeOptions | readonly ColumnEncoding[],
  columns: readonly string[],
): readonly WantedColumn[] {
  if (Array.isArray(encode)) return checkEncoding(encode, columns.length);
  const { numbers = {}, columns: named = {} } = requireKnownFields(
    'encode',
    encode as EncodeOptions,
    OPTIONS,
  );
  const stray = Object.keys(requireObject('encode.columns', named)).find(
    (name) => !columns.includes(name),
  );
  if (stray !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `encode.columns names ${stray}, which is no feature: they are ${listed(columns)}`,
    );
  }
  const others = checkColumn('encode.numbers', { ...numbers, kind: 'number' });
  return columns.map((name) =>
    Object.hasOwn(named, name) ? wantedColumn(`encode.columns.${name}`, named[name]!) : others,
  );
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
