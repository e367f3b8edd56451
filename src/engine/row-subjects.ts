import { requireInstance, requireInteger } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { withRoom } from '../base/memory.js';
import type { LiveRows } from './live-rows.js';
import { columnFor, type PackedIds, type RowId, requireName } from './packed-ids.js';
import { quoted, requirePosition, rowName } from './row-ids.js';

/** The name of a subject: a text, or a whole number. 17 and 17n are the same one, '17' is another. */
export type Subject = RowId;

/** Which subject owns each row, as readers and stores give it: every row has exactly one. */
export interface Ownership<Name extends Subject = string> {
  /** The subjects' names. */
  readonly subjects: readonly Name[];
  /** [rows], each an index into `subjects`. */
  readonly owners: Uint32Array;
}

/**
 * The subjects of rows: for row i, codes[ends[i - 1]] up to codes[ends[i]], as in a CSR matrix. If no
 * row has any, both are empty.
 */
export interface Codes {
  readonly ends: Uint32Array;
  readonly codes: Uint32Array;
}

/** The largest number of keys of a Map. */
const MOST_SUBJECTS = 2 ** 24;

/** Gathers the subjects of rows in the order in which the rows come. */
export class SubjectColumn {
  readonly #codes = new Map<Subject, number>();
  readonly #names: Subject[] = [];
  #memberships = new Uint32Array(2 ** 10);
  #used = 0;
  #ends = new Uint32Array(2 ** 10);
  #rows = 0;

  /**
   * @param subjects one, or an array of any number; undefined: none
   * @param id the row's id, for messages
   * @throws {LetheError} ERR_INVALID_ARGUMENT: names nobody, such as null or an empty text
   */
  push(subjects: unknown, id?: unknown): void {
    const row = this.#rows;
    const first = this.#used;
    const own = subjects === undefined ? [] : Array.isArray(subjects) ? subjects : [subjects];
    for (const subject of own) {
      const code = this.#codeOf(subject, row, id);
      // A subject that a join names twice owns the row once.
      if (own.length > 1 && this.#memberships.subarray(first, this.#used).includes(code)) continue;
      this.#memberships = withRoom('the subjects', this.#memberships, this.#used);
      this.#memberships[this.#used++] = code;
    }
    this.#ends = withRoom('the subjects', this.#ends, row);
    this.#ends[this.#rows++] = this.#used;
  }

  #codeOf(subject: unknown, row: number, id: unknown): number {
    if (subject === null || subject === undefined || subject === '') {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `a subject of ${rowName(row, id)} is ${subject === '' ? 'an empty text' : String(subject)}, which ` +
          'names nobody: leave `subjects` out, or give [], for a row that belongs to nobody',
      );
    }
    const name = requireName(`a subject of ${rowName(row, id)}`, subject);
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    const code = this.#names.length;
    if (code === MOST_SUBJECTS) {
      throw new LetheError('ERR_INVALID_ARGUMENT', `there are over ${MOST_SUBJECTS} subjects`);
    }
    this.#codes.set(name, code);
    this.#names.push(name);
    return code;
  }

  /** The names to be sorted: the whole numbers, and the texts. */
  get names(): readonly PackedIds[] {
    const columns = new Map<string, PackedIds>();
    for (const name of this.#names) {
      const kind = typeof name === 'string' ? 'text' : 'number';
      const column = columns.get(kind) ?? columnFor(name);
      columns.set(kind, column);
      column.push(name);
    }
    return ['number', 'text'].flatMap((kind) => columns.get(kind) ?? []);
  }

  /**
   * @param sorted the names in ascending order
   * @param order the rows' order in the data set; undefined: the order in which they came
   */
  finish(sorted: readonly Subject[], order: Uint32Array | undefined): SubjectTable {
    if (this.#used === 0) return NO_SUBJECTS;
    const newCodes = new Uint32Array(sorted.length);
    for (const [code, name] of sorted.entries()) newCodes[this.#codes.get(name)!] = code;
    const rows = {
      ends: this.#ends.slice(0, this.#rows),
      codes: this.#memberships.slice(0, this.#used).map((code) => newCodes[code]!),
    };
    // Within a row too, so that the order in which owners were named leaves no trace.
    for (let row = 0; row < this.#rows; row++) {
      const [start, end] = stretch(rows, row);
      if (end - start > 1) rows.codes.subarray(start, end).sort();
    }
    return { names: [...sorted], ...(order ? pickRows(rows, order) : rows) };
  }
}

/** The places of a row's subjects among the codes: from the first up to but not the second. */
export function stretch({ ends }: Codes, row: number): [number, number] {
  return [row === 0 ? 0 : (ends[row - 1] ?? 0), ends[row] ?? 0];
}

function pickRows(from: Codes, rows: Uint32Array): Codes {
  if (from.codes.length === 0) return from;
  const ends = new Uint32Array(rows.length);
  let used = 0;
  rows.forEach((row, i) => {
    const [start, end] = stretch(from, row);
    used += end - start;
    ends[i] = used;
  });
  const codes = new Uint32Array(used);
  used = 0;
  for (const row of rows) {
    const [start, end] = stretch(from, row);
    for (let i = start; i < end; i++) codes[used++] = from.codes[i]!;
  }
  return { ends, codes };
}

/** The subjects of all rows, by the names' places in ascending order. */
export interface SubjectTable extends Codes {
  /** A name is undefined once no row has it any more. */
  readonly names: (Subject | undefined)[];
}

export const NO_SUBJECTS: SubjectTable = {
  ...{ names: [], ends: new Uint32Array(0), codes: new Uint32Array(0) },
};

/** What goes when rows are erased. */
export interface LeavingSubjects {
  /** The places of the rows' subjects among all codes. */
  readonly memberships: readonly (readonly [begin: number, end: number])[];
  /** The codes of the names that no other row has. */
  readonly names: ReadonlySet<number>;
}

/** The same table without the names that no row has. */
export function compacted({ names, ends, codes }: SubjectTable): SubjectTable {
  const newCodes = new Uint32Array(names.length);
  const left: Subject[] = [];
  for (const [code, name] of names.entries()) {
    newCodes[code] = left.length;
    if (name !== undefined) left.push(name);
  }
  return { names: left, ends, codes: codes.map((code) => newCodes[code]!) };
}

/**
 * Who owns which rows of a data set: every row belongs to any number of subjects. The subjects are
 * in ascending order, whole numbers before texts.
 */
export class RowSubjects implements Iterable<Subject> {
  readonly #name: string;
  readonly #live: LiveRows;
  readonly #table: SubjectTable;
  /** Made when first asked for, because many data sets never are. */
  #places: Map<Subject, number> | undefined;

  /** @internal */
  constructor(name: string, live: LiveRows, table: SubjectTable) {
    this.#name = name;
    this.#live = live;
    this.#table = table;
  }

  /** How many subjects own at least one row. */
  get size(): number {
    return this.#codes().size;
  }

  has(subject: Subject): boolean {
    return this.#codes().has(requireName('a subject', subject));
  }

  /** All subjects that own a row. */
  [Symbol.iterator](): IterableIterator<Subject> {
    return this.#codes().keys();
  }

  /**
   * The subjects of the row at a position.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: no such position. ERR_ERASED_ROW.
   */
  of(position: number): Subject[] {
    requirePosition(this.#name, this.#live, position);
    const [start, end] = stretch(this.#table, position);
    return Array.from(this.#table.codes.subarray(start, end), (code) => this.#table.names[code]!);
  }

  /**
   * The owner of each row, as a store takes it.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: a row has no subject or several. ERR_ERASED_ROW: a row
   * is erased, so that the list would have a gap.
   */
  ownership(): Ownership<Subject> {
    const rows = this.#live.positions();
    if (rows.length < this.#live.rows) {
      throw new LetheError(
        'ERR_ERASED_ROW',
        `${this.#name} has erased rows, which have no owner: select the rows that are left`,
      );
    }
    const found = this.owners(rows);
    if ('reason' in found) {
      throw new LetheError('ERR_INVALID_ARGUMENT', `${found.reason}, but must have one owner`);
    }
    const places = new Map([...this.#codes().values()].map((code, place) => [code, place]));
    return { subjects: [...this], owners: found.owners.map((code) => places.get(code)!) };
  }

  /**
   * @internal The rows of a subject, ascending.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT, ERR_INVALID_ARGUMENT
   */
  rowsOf(subject: Subject, owned: 'alone' | 'shared' | undefined): Uint32Array {
    const code = this.#codes().get(requireName('a subject', subject));
    if (code === undefined) throw this.#unknown(subject);
    const { ends, codes } = this.#table;
    return this.#live.positions().filter((row) => {
      const [start, end] = stretch({ ends, codes }, row);
      if (owned !== undefined && (owned === 'alone') !== (end - start === 1)) return false;
      let place = start;
      while (place < end && codes[place] !== code) place++;
      return place < end;
    });
  }

  /**
   * @internal The owner of each row as a number, [rows], or why there is none: among the given rows
   * one belongs to nobody or to several subjects.
   */
  owners(rows: Iterable<number>): { readonly owners: Uint32Array } | { readonly reason: string } {
    const { ends, codes } = this.#table;
    for (const row of rows) {
      const [start, end] = stretch(this.#table, row);
      if (end - start === 1) continue;
      const subjects = end === start ? 'no subject' : `${end - start} subjects`;
      return { reason: `row ${row} of ${this.#name} has ${subjects}` };
    }
    return { owners: ends.map((_, row) => codes[stretch(this.#table, row)[0]] ?? 0) };
  }

  /** @internal The subjects of these rows alone. */
  pick(rows: Uint32Array): SubjectTable {
    const { names } = this.#table;
    const picked = pickRows(this.#table, rows);
    const isLeft = new Uint8Array(names.length);
    for (const code of picked.codes) isLeft[code] = 1;
    return { ...picked, names: names.map((name, code) => (isLeft[code] ? name : undefined)) };
  }

  /** @internal What goes with these rows. */
  leaving(rows: Uint32Array): LeavingSubjects {
    const { codes } = this.#table;
    const memberships = Array.from(rows, (row) => stretch(this.#table, row));
    const names = new Set<number>();
    for (const [start, end] of memberships) {
      for (const code of codes.subarray(start, end)) names.add(code);
    }
    const isLeaving = new Set(rows);
    for (const row of this.#live.positions()) {
      if (names.size === 0) break;
      if (isLeaving.has(row)) continue;
      const [start, end] = stretch(this.#table, row);
      for (let i = start; i < end; i++) names.delete(codes[i]!);
    }
    return { memberships, names };
  }

  /** @internal */
  erase({ memberships, names }: LeavingSubjects): void {
    for (const [start, end] of memberships) this.#table.codes.fill(0, start, end);
    for (const code of names) this.#table.names[code] = undefined;
    this.#places = undefined;
  }

  #codes(): Map<Subject, number> {
    if (this.#places) return this.#places;
    this.#places = new Map();
    for (const [code, name] of this.#table.names.entries()) {
      if (name !== undefined) this.#places.set(name, code);
    }
    return this.#places;
  }

  #unknown(subject: Subject): LetheError {
    const other = typeof subject === 'string' ? Number(subject) : String(subject);
    const hint = this.#codes().has(other)
      ? `; there is ${quoted(other)}, a ${typeof other === 'string' ? 'text' : 'number'}`
      : '';
    return new LetheError(
      'ERR_UNKNOWN_SUBJECT',
      `${this.#name} has no row of the subject ${quoted(subject)}: it never had one, or all are ` +
        `erased${hint}`,
    );
  }
}

/** Whether the subjects of rows are given as one owner each. */
export function isOwnership(subjects: unknown): subjects is Ownership<Subject> {
  return typeof subjects === 'object' && subjects !== null && 'owners' in subjects;
}

/**
 * The rows' subjects as a list.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: an owner that is not in the list of subjects
 */
export function* ownersOf({ subjects, owners }: Ownership<Subject>): Generator<unknown> {
  requireInstance('owners', owners, Uint32Array);
  if (!Array.isArray(subjects)) {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'the subjects of owners must be an array');
  }
  for (const owner of owners) {
    // A hole among the subjects names nobody, unlike a row that is given none.
    yield subjects[requireInteger('an owner', owner, 0, subjects.length - 1)] ?? null;
  }
}
