import type BetterSqlite3 from 'better-sqlite3';
import {
  requireArray,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
  requireOneOf,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { UNCLONEABLE } from '../../base/uncloneable.js';
import { requireName } from '../../base/well-formed-name.js';
import type { RowId } from '../../engine/packed-ids.js';
import { positionsIn, requireIds, shownId } from '../row-ids.js';
import type {
  Deletion,
  FileErasure,
  IdentifiedRows,
  InDataset,
  IngestOptions,
  RowDeletion,
  RowsOfOptions,
  Store,
  StoredOwnership,
} from '../store.js';
import { openDatabase } from './binding.js';
import { needsPurge, purge } from './purge.js';
import {
  addRows,
  changeRows,
  isKnown,
  MAX_ROWS,
  type NewRows,
  requireAsStored,
  requireSubject,
  rowsOwned,
  storedNumbers,
  storedRows,
} from './queries.js';
import { prepareSchema } from './schema.js';
import { requireSound } from './sound.js';
import { storeError } from './store-error.js';

export class SqliteStore implements Store {
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  readonly #database: BetterSqlite3.Database;
  #purging: Promise<FileErasure> | undefined;

  private constructor(database: BetterSqlite3.Database) {
    this.#database = database;
  }

  static async open(path: string): Promise<SqliteStore> {
    let database: BetterSqlite3.Database | undefined;
    try {
      database = openDatabase(path);
      database.pragma('foreign_keys = ON');
      // Overwrites deleted content, which would otherwise stay readable in the file.
      database.pragma('secure_delete = ON');
      prepareSchema(database, path);
      requireSound(database, path);
      // A process that ended between a deletion and its purge has left this to the next one.
      if (needsPurge(database)) purge(database);
      return new SqliteStore(database);
    } catch (error) {
      database?.close();
      throw storeError(`cannot open ${path}`, error);
    }
  }

  async ingest(
    ownership: StoredOwnership,
    labels: Uint32Array,
    options: IngestOptions = {},
  ): Promise<void> {
    const { subjects: wanted, owners } = requireObject('ownership', ownership);
    // SQLite would store a number as text, and looking it up as a number would find nothing.
    const subjects = requireArray('subjects', wanted).map((subject) =>
      requireName('a subject', subject as string),
    );
    requireInstance('labels', labels, Uint32Array);
    const { count, ownersOf } = ownersOfRows(owners);
    const { firstRow, ids } = requireKnownFields('options', options, { firstRow: true, ids: true });
    const checked = ids === undefined ? undefined : requireIds('ids', ids);
    requireOneForEach('owners', count, labels.length);
    if (checked) requireOneForEach('ids', checked.length, labels.length);
    if (new Set(subjects).size < subjects.length) {
      throw new LetheError('ERR_DUPLICATE', 'a subject is given twice');
    }
    if (firstRow !== undefined) requireInteger('firstRow', firstRow, 0, MAX_ROWS - labels.length);
    this.#write((database) =>
      addRows(database, { subjects, ownersOf, labels, ids: checked, firstRow }),
    );
  }

  async subjects(): Promise<{ subject: string; rows: number }[]> {
    return this.#read((database) => {
      const all = database
        .prepare<[], { subject: string; rows: number }>(
          `SELECT subjects.id AS subject, count(ownership.sample) AS rows
           FROM subjects LEFT JOIN ownership ON ownership.subject = subjects.number
           GROUP BY subjects.number ORDER BY rows DESC, subjects.id`,
        )
        .all();
      for (const { subject } of all) requireAsStored(database, 'subjects', subject);
      return all;
    });
  }

  async rows(options: InDataset = {}): Promise<Uint32Array> {
    const { dataset } = requireKnownFields('options', options, { dataset: true });
    return this.#read((database) => placesOf(database, dataset).all());
  }

  async ids(): Promise<RowId[]> {
    return this.#read((database) => storedRows(database).map(({ id }) => shownId(id)));
  }

  async has(subject: string): Promise<boolean> {
    requireName('a subject', subject as string);
    return this.#read((database) => isKnown(database, subject));
  }

  async rowsOf(subject: string, options: RowsOfOptions = {}): Promise<Uint32Array> {
    requireName('a subject', subject as string);
    const { dataset, owned = 'all' } = requireKnownFields('options', options, {
      ...{ dataset: true, owned: true },
    });
    requireOneOf('owned', owned, ['all', 'alone', 'shared']);
    return this.#read((database) => {
      requireSubject(database, subject);
      return placesOf(database, dataset).of(rowsOwned(database, subject, owned));
    });
  }

  async check(dataset: IdentifiedRows): Promise<void> {
    requireObject('dataset', dataset);
    this.#read((database) => placesOf(database, dataset));
  }

  async delete(subject: string, options: InDataset = {}): Promise<Deletion> {
    requireName('a subject', subject as string);
    const { dataset } = requireKnownFields('options', options, { dataset: true });
    const sets = this.#write((database) => {
      requireSubject(database, subject);
      const places = placesOf(database, dataset);
      const forget = rowsOwned(database, subject, 'alone');
      database.prepare('DELETE FROM subjects WHERE id = ?').run(subject);
      return { forget: places.of(forget), retain: places.allBut(forget) };
    });
    return { subject, ...sets, ...(await this.#purgeSoon()) };
  }

  async deleteRows(ids: Iterable<RowId>, options: InDataset = {}): Promise<RowDeletion> {
    const wanted = requireIds('ids', ids);
    const { dataset } = requireKnownFields('options', options, { dataset: true });
    const sets = this.#write((database) => {
      const places = placesOf(database, dataset);
      const forget = changeRows(database, wanted, 'DELETE FROM samples WHERE id = ?');
      return { forget: places.of(forget), retain: places.allBut(forget) };
    });
    return { ...sets, ...(await this.#purgeSoon()) };
  }

  async relabel(ids: Iterable<RowId>, labels: Uint32Array): Promise<void> {
    const wanted = requireIds('ids', ids);
    requireInstance('labels', labels, Uint32Array);
    requireOneForEach('ids', wanted.length, labels.length);
    const sql = 'UPDATE samples SET label = :label WHERE id = :id';
    this.#write((database) => changeRows(database, wanted, sql, labels));
  }

  async purge(): Promise<FileErasure> {
    return purge(this.#opened());
  }

  async close(): Promise<void> {
    await this.#purging;
    this.#database.close();
  }

  /** Once for all deletions that are asked for together, since it rewrites the whole file. */
  #purgeSoon(): Promise<FileErasure> {
    this.#purging ??= new Promise<FileErasure>((resolve) => {
      setImmediate(() => {
        this.#purging = undefined;
        resolve(purge(this.#database));
      });
    });
    return this.#purging;
  }

  #opened(): BetterSqlite3.Database {
    if (this.#database.open) return this.#database;
    throw new LetheError('ERR_STORE', 'the store is closed: open it again with openStore');
  }

  /** Reads one consistent state of the database; other programs may read and write meanwhile. */
  #read<T>(work: (database: BetterSqlite3.Database) => T): T {
    return this.#transact(work, 'deferred');
  }

  /**
   * Takes the write lock at the beginning, so that no other program writes after the first read.
   */
  #write<T>(work: (database: BetterSqlite3.Database) => T): T {
    return this.#transact(work, 'immediate');
  }

  #transact<T>(work: (database: BetterSqlite3.Database) => T, mode: 'deferred' | 'immediate'): T {
    const database = this.#opened();
    try {
      return database.transaction(() => work(database))[mode]();
    } catch (error) {
      throw storeError('the store', error);
    }
  }
}

/** Where the store's rows are in a data set; without one, where their numbers say. */
function placesOf(database: BetterSqlite3.Database, dataset: IdentifiedRows | undefined) {
  const positions = dataset && positionsIn(dataset, storedRows(database));
  const numbers = positions ? [...positions.keys()] : storedNumbers(database);
  const of = (some: Iterable<number>) =>
    Uint32Array.from(some, (number) => positions?.get(number) ?? number).sort();
  const allBut = (left: readonly number[]) => {
    const gone = new Set(left);
    return of(numbers.filter((number) => !gone.has(number)));
  };
  return { of, allBut, all: () => of(numbers) };
}

/** How many rows there are, and the owners of each: no list of lists, since most rows have one. */
function ownersOfRows(owners: StoredOwnership['owners']): {
  readonly count: number;
  readonly ownersOf: NewRows['ownersOf'];
} {
  if (Array.isArray(owners)) {
    const lists = requireArray('owners', owners);
    return {
      count: lists.length,
      ownersOf: (row) => requireArray('the owners of a row', lists[row]),
    };
  }
  const single = requireInstance('owners', owners as Uint32Array, Uint32Array);
  return { count: single.length, ownersOf: (row) => [single[row]!] };
}

function requireOneForEach(name: string, count: number, labels: number): void {
  if (count === labels) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} and labels must have one value for each row, but have ${count} and ${labels}`,
  );
}
