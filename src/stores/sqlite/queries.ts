import type BetterSqlite3 from 'better-sqlite3';
import { describeValue } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { type StoredRow, shown } from '../row-ids.js';

/** Rows are uint32 numbers. */
export const MAX_ROWS = 2 ** 32;

export interface NewRows {
  readonly subjects: readonly string[];
  /** The owners of a row as indices into `subjects`. */
  readonly ownersOf: (row: number) => readonly number[];
  readonly labels: Uint32Array;
  /** [rows]; without them, the rows' numbers. */
  readonly ids: readonly (string | bigint)[] | undefined;
  readonly firstRow: number | undefined;
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT: an owner that is no subject; SQLite's: a known row. */
export function addRows(database: BetterSqlite3.Database, rows: NewRows): void {
  const addSubject = database.prepare('INSERT OR IGNORE INTO subjects (id) VALUES (?)');
  const numberOf = database.prepare('SELECT number FROM subjects WHERE id = ?').pluck();
  const addSample = database.prepare('INSERT INTO samples VALUES (?, ?, ?)');
  const addOwner = database.prepare('INSERT INTO ownership (sample, subject) VALUES (?, ?)');
  const numbers = rows.subjects.map((subject) => {
    addSubject.run(subject);
    return numberOf.get(subject);
  });
  const first = rows.firstRow ?? (rows.ids ? nextNumber(database, rows.labels.length) : 0);
  rows.labels.forEach((label, row) => {
    addSample.run(first + row, rows.ids?.[row] ?? BigInt(first + row), label);
    for (const owner of new Set(rows.ownersOf(row))) {
      if (numbers[owner] === undefined) {
        throw new LetheError(
          'ERR_INVALID_ARGUMENT',
          `row ${row} has the unknown owner ${describeValue(owner)}: there are ${numbers.length} subjects`,
        );
      }
      addOwner.run(first + row, numbers[owner]);
    }
  });
}

/** A number above all that were ever used. @throws {LetheError} ERR_STORE: too few are left */
function nextNumber(database: BetterSqlite3.Database, count: number): number {
  const sql = `SELECT 1 + max(ifnull((SELECT max(number) FROM samples), -1),
                              ifnull((SELECT max(number) FROM deleted_samples), -1))`;
  const first = database.prepare<[], number>(sql).pluck().get()!;
  if (first + count <= MAX_ROWS) return first;
  throw new LetheError(
    'ERR_STORE',
    `the store has given numbers up to ${first - 1}, and ${count} more would exceed ${MAX_ROWS - 1}: use another store`,
  );
}

/** The numbers of all rows, ascending. @throws {LetheError} ERR_STORE */
export function storedNumbers(database: BetterSqlite3.Database): number[] {
  const sql = 'SELECT number FROM samples ORDER BY number';
  return database.prepare<[], number>(sql).pluck().all().map(rowNumber);
}

/**
 * A row's number, which would name another row in a Uint32Array if another program had stored one that
 * is none.
 */
function rowNumber(number: number): number {
  if (number >= 0 && number < MAX_ROWS) return number;
  throw strange(`the row number ${number}`);
}

function strange(what: string): LetheError {
  return new LetheError(
    'ERR_STORE',
    `the store holds ${what}, which Lethe never writes: another program did, or the file is damaged: ` +
      'delete it there, or restore a backup',
  );
}

/**
 * Refuses a name that is not stored as it was read: what is no UTF-8 is read with replacement
 * characters, so that two names would be one.
 */
export function requireAsStored(
  database: BetterSqlite3.Database,
  table: 'subjects' | 'samples',
  name: string,
): string {
  const isStored = () => database.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(name);
  if (!name.includes('\ufffd') || isStored()) return name;
  throw strange(`the name ${describeValue(name)} in bytes that are no UTF-8`);
}

/** All rows, by their numbers. @throws {LetheError} ERR_STORE */
export function storedRows(database: BetterSqlite3.Database): StoredRow[] {
  const rows = database
    .prepare<[], { number: bigint; id: unknown; label: bigint }>(
      'SELECT number, id, label FROM samples ORDER BY number',
    )
    .safeIntegers()
    .all();
  return rows.map(({ number, id, label }) => ({
    ...{ number: rowNumber(Number(number)), id: storedId(database, id), label: Number(label) },
  }));
}

function storedId(database: BetterSqlite3.Database, id: unknown): string | bigint {
  if (typeof id === 'bigint') return id;
  if (typeof id === 'string') return requireAsStored(database, 'samples', id);
  throw strange(`the id ${describeValue(id)}`);
}

const OWNED = {
  all: '',
  alone: 'AND NOT EXISTS',
  shared: 'AND EXISTS',
};

/** The numbers of a subject's rows, ascending. */
export function rowsOwned(
  database: BetterSqlite3.Database,
  subject: string,
  owned: keyof typeof OWNED,
): number[] {
  const others = `(SELECT 1 FROM ownership AS other
                   WHERE other.sample = ownership.sample AND other.subject <> ownership.subject)`;
  const sql = `SELECT ownership.sample FROM ownership JOIN subjects ON number = ownership.subject
               WHERE subjects.id = ? ${OWNED[owned]} ${owned === 'all' ? '' : others}
               ORDER BY ownership.sample`;
  return database.prepare<[string], number>(sql).pluck().all(subject).map(rowNumber);
}

/**
 * Runs a statement for each row of these ids, and answers their numbers.
 *
 * @param sql takes the id, or with labels `:id` and `:label`
 * @throws {LetheError} ERR_INVALID_ROWS: no row has such an id, or it is given twice.
 */
export function changeRows(
  database: BetterSqlite3.Database,
  ids: readonly (string | bigint)[],
  sql: string,
  labels?: Uint32Array,
): number[] {
  const find = database.prepare<[string | bigint], number>(
    'SELECT number FROM samples WHERE id = ?',
  );
  const numbers = ids.map((id) => {
    const number = find.pluck().get(id);
    if (number !== undefined) return rowNumber(number);
    throw invalidRow(id, 'is not in the store: it was never added, or is already deleted');
  });
  if (new Set(ids).size < ids.length) {
    const twice = ids.find((id, i) => ids.indexOf(id) !== i)!;
    throw invalidRow(twice, 'is given twice');
  }
  const change = database.prepare(sql);
  for (const [i, id] of ids.entries()) change.run(labels ? { id, label: labels[i] } : id);
  return numbers;
}

function invalidRow(id: string | bigint, problem: string): LetheError {
  return new LetheError('ERR_INVALID_ROWS', `the row ${shown(id)} ${problem}`);
}

export function isKnown(database: BetterSqlite3.Database, subject: string): boolean {
  return database.prepare('SELECT 1 FROM subjects WHERE id = ?').get(subject) !== undefined;
}

export function requireSubject(database: BetterSqlite3.Database, subject: string): void {
  if (isKnown(database, subject)) return;
  const alike = alikeNames(subject).find((name) => isKnown(database, name));
  const hint =
    alike === undefined
      ? ''
      : `; there is ${inCodes(alike)}, which looks like it, but names are compared by their characters: ` +
        'is it that one?';
  throw new LetheError(
    'ERR_UNKNOWN_SUBJECT',
    `there is no subject ${describeValue(subject)}: it was never added, or is already deleted${hint}`,
  );
}

/** Names that look the same: without blanks around them, composed and decomposed. */
function alikeNames(name: string): string[] {
  return [name, name.trim()].flatMap((text) => [text.normalize('NFC'), text.normalize('NFD')]);
}

/** A text in a message that shows accents apart from their letters. */
function inCodes(text: string): string {
  return describeValue(text).replace(/[^ -~]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
