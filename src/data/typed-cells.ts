import { describeValue } from '../base/arguments.js';
import type { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { isInt64, type RowId } from '../engine/packed-ids.js';
import type { CellPlace, MissingTexts } from './missing.js';

/** Cells of files that say of what type a column is. Rows and elements are counted from 0. */

/** The text of a label or owner. @throws {LetheError} ERR_INVALID_DATA: it is missing, or is none. */
export function toName(value: unknown, place: CellPlace, missing: MissingTexts): string {
  if (typeof value === 'string') return missing.require(value, place);
  const isWhole =
    typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value);
  if (isWhole) return String(value);
  const { file, column, row } = place;
  throw invalidCell(file, column, row, value, 'a text or a whole number');
}

/** A text stays a text, and a number a number. @throws {LetheError} ERR_INVALID_DATA: as toName */
export function toId(value: unknown, place: CellPlace, missing: MissingTexts): RowId {
  if (typeof value === 'string') return missing.require(value, place);
  const isLong = typeof value === 'bigint' && isInt64(value);
  if (isLong || Number.isSafeInteger(value)) return value as RowId;
  const { file, column, row } = place;
  const expected =
    typeof value === 'bigint' ? 'a signed whole number of 64 bits' : 'a text or a whole number';
  throw invalidCell(file, column, row, value, expected);
}

/** Requires that the lists of each column are as long as in the first row. */
export class ListLengths {
  readonly #lengths = new Map<string, number>();

  /** Undefined before the first list of this column. */
  of(column: string): number | undefined {
    return this.#lengths.get(column);
  }

  /** @throws {LetheError} ERR_INVALID_DATA: no list, an empty one, or one of another length */
  check(value: unknown, file: string, row: number, column: string): ArrayLike<unknown> {
    const isList = Array.isArray(value) || ArrayBuffer.isView(value);
    if (!isList) throw invalidCell(file, column, row, value, 'a list of numbers');
    const list = value as unknown as ArrayLike<unknown>;
    const length = this.#lengths.get(column) ?? list.length;
    this.#lengths.set(column, length);
    if (list.length === length && length > 0) return list;
    const needed = length > 0 ? `${length} like the first row` : 'at least one';
    throw invalidData(
      file,
      `row ${row + 1}, column ${column} is a list of ${list.length} values, but needs ${needed}: lists ` +
        'become features only if they have as many in every row',
    );
  }
}

function invalidCell(
  file: string,
  column: string,
  row: number,
  value: unknown,
  expected: string,
): LetheError {
  const found = value === null || value === undefined ? 'is empty' : `is ${describeValue(value)}`;
  return invalidData(file, `row ${row + 1}, column ${column} ${found}, not ${expected}`);
}
