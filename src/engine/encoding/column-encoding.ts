import {
  describeValue,
  type KnownFields,
  requireArray,
  requireBoolean,
  requireFinite,
  requireInteger,
  requireKnownFields,
  requireObject,
  requireOneOf,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { requireNames } from '../class-names.js';
import { MOST_UNITS } from '../layout.js';

/** A column of numbers: one input, and another one that says whether the value is missing. */
export interface NumberColumn {
  readonly kind: 'number';
  /**
   * What stands for a missing value: the mean of those that are there, over the rows that a model is
   * trained on, or this number. Left out: a missing value is refused.
   */
  readonly missing?: 'mean' | number;
  /** Whether another input is 1 where the value is missing, else 0. Default true with `missing`. */
  readonly indicator?: boolean;
  /**
   * Whether values become (x - mean) / standard deviation, over the rows that a model is trained on
   * and with missing values filled in. Default false.
   */
  readonly standardize?: boolean;
}

/** A column of categories: one input for each, which is 1 for that of the row, else 0. */
export interface CategoryColumn {
  readonly kind: 'category';
  /** All that there are, in the order of their inputs; as a class, one keeps its place without a row. */
  readonly categories: readonly string[];
  /** `none`: a missing value is no category, all inputs are 0. Left out: it is refused. */
  readonly missing?: 'none';
  /** Whether another input is 1 where the value is missing, else 0. Default true with `missing`. */
  readonly indicator?: boolean;
  /** `none`: a value that is not among the categories is none of them. Left out: it is refused. */
  readonly unknown?: 'none';
}

/**
 * How a column of raw values becomes inputs of a network. It is part of a data set's schema: no
 * statistic of a row is in it. Raw values are float32: NaN for a missing value, and in a column of
 * categories the place of the category, or their number for a value that is none of them.
 */
export type ColumnEncoding = NumberColumn | CategoryColumn;

const NUMBER: KnownFields<NumberColumn> = {
  ...{ kind: true, missing: true, indicator: true, standardize: true },
};
const CATEGORY: KnownFields<CategoryColumn> = {
  ...{ kind: true, categories: true, missing: true, indicator: true, unknown: true },
};

/**
 * A frozen copy, one encoding for each column, in a form in which equal ones are equal as JSON.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function checkEncoding(
  wanted: readonly ColumnEncoding[],
  columns: number,
): readonly ColumnEncoding[] {
  const list = requireArray('encoding', wanted);
  if (list.length !== columns) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `encoding must hold one entry for each of the ${columns} columns, but holds ${list.length}`,
    );
  }
  const encoding = list.map((column, i) => checkColumn(`encoding[${i}]`, column));
  requireInteger('the number of inputs of the encoding', inputsOf(encoding), 1, MOST_UNITS);
  return Object.freeze(encoding);
}

/** As checkEncoding, of one column. @param name of the argument */
export function checkColumn(name: string, column: ColumnEncoding): ColumnEncoding {
  const kind = requireOneOf(`${name}.kind`, requireObject(name, column).kind, [
    'number',
    'category',
  ]);
  return kind === 'number'
    ? checkNumber(name, column as NumberColumn)
    : checkCategory(name, column as CategoryColumn);
}

function checkNumber(name: string, wanted: NumberColumn): NumberColumn {
  const { missing, standardize = false, ...column } = requireKnownFields(name, wanted, NUMBER);
  if (typeof missing === 'string') requireOneOf(`${name}.missing`, missing, ['mean']);
  else if (missing !== undefined) requireFinite(`${name}.missing`, missing);
  return Object.freeze({
    kind: 'number',
    ...(missing !== undefined && {
      missing: typeof missing === 'number' ? Math.fround(missing) : missing,
    }),
    indicator: indicatorOf(name, column.indicator, missing !== undefined),
    standardize: requireBoolean(`${name}.standardize`, standardize),
  });
}

function checkCategory(name: string, wanted: CategoryColumn): CategoryColumn {
  const { categories, missing, indicator, unknown } = requireKnownFields(name, wanted, CATEGORY);
  if (missing !== undefined) requireOneOf(`${name}.missing`, missing, ['none']);
  if (unknown !== undefined) requireOneOf(`${name}.unknown`, unknown, ['none']);
  return Object.freeze({
    kind: 'category',
    categories: requireNames(`${name}.categories`, categories),
    ...(missing !== undefined && { missing }),
    indicator: indicatorOf(name, indicator, missing !== undefined),
    ...(unknown !== undefined && { unknown }),
  });
}

function indicatorOf(name: string, wanted: boolean | undefined, mayMiss: boolean): boolean {
  const indicator = requireBoolean(`${name}.indicator`, wanted ?? mayMiss);
  if (!indicator || mayMiss) return indicator;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name}.indicator says that values may be missing: give ${name}.missing too`,
  );
}

/** How many inputs of a network the columns become. */
export function inputsOf(encoding: readonly ColumnEncoding[]): number {
  return encoding.reduce((sum, column) => {
    const own = column.kind === 'number' ? 1 : column.categories.length;
    return sum + own + Number(column.indicator);
  }, 0);
}

/** [columns], 1 where values may be missing. */
export function missingColumns(encoding: readonly ColumnEncoding[]): Uint8Array {
  return Uint8Array.from(encoding, ({ missing }) => Number(missing !== undefined));
}

/**
 * Requires numbers, places of categories, and missing values only where there may be any.
 *
 * @param values row-major [rows, columns]
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireRawValues(
  encoding: readonly ColumnEncoding[],
  values: Float32Array,
  columnNames?: readonly string[],
): void {
  for (const [column, own] of encoding.entries()) {
    const isRaw = own.kind === 'number' ? Number.isFinite : placeCheck(own);
    for (let at = column; at < values.length; at += encoding.length) {
      const value = values[at]!;
      if (isRaw(value) || (Number.isNaN(value) && own.missing !== undefined)) continue;
      const expected =
        own.kind === 'number'
          ? 'a finite number'
          : `the place of one of ${own.categories.length} categories`;
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `row ${Math.floor(at / encoding.length)}, column ${columnNames?.[column] ?? column} must be ` +
          `${expected}, but is ${describeValue(value)}`,
      );
    }
  }
}

function placeCheck({ categories, unknown }: CategoryColumn): (value: number) => boolean {
  const places = categories.length + Number(unknown !== undefined);
  return (value) => Number.isInteger(value) && value >= 0 && value < places;
}
