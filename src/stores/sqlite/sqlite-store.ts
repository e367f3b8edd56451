import type BetterSqlite3 from 'better-sqlite3';
import {
  requireArray,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
  requireText,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { Ownership, Subject } from '../../engine/row-subjects.js';
import type { Deletion, Store } from '../store.js';

/** "Leth" as a number; in SQLite's header it identifies a Lethe store. */
const APPLICATION_ID = 0x4c657468;
const SCHEMA_VERSION = 1;

/** Rows are uint32 numbers. */
const MAX_ROWS = 2 ** 32;

/** How long to wait for another program's lock; waiting blocks the thread. */
const LOCK_TIMEOUT_MS = 1000;

const SCHEMA = `
  CREATE TABLE subjects (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
    label INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX samples_by_owner ON samples (owner);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export class SqliteStore implements Store {
  readonly #database: BetterSqlite3.Database;

  private constructor(database: BetterSqlite3.Database) {
    this.#database = database;
  }

  static async open(path: string): Promise<SqliteStore> {
    const { default: Database } = await import('better-sqlite3');
    let database: BetterSqlite3.Database | undefined;
    try {
      database = new Database(path, { timeout: LOCK_TIMEOUT_MS });
      database.pragma('foreign_keys = ON');
      // Overwrites deleted content, which would otherwise stay readable in the file.
      database.pragma('secure_delete = ON');
      prepareSchema(database, path);
      return new SqliteStore(database);
    } catch (error) {
      database?.close();
      throw storeError(`cannot open ${path}`, error);
    }
  }

  async ingest(
    ownership: Ownership<Subject>,
    labels: Uint32Array,
    options: { readonly firstRow?: number } = {},
  ): Promise<void> {
    const { subjects, owners } = requireObject('ownership', ownership);
    // SQLite would store a number as text, and looking it up as a number would find nothing.
    for (const subject of requireArray('subjects', subjects)) {
      requireText('a subject', subject as string);
    }
    requireInstance('owners', owners, Uint32Array);
    requireInstance('labels', labels, Uint32Array);
    if (owners.length !== labels.length) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `owners and labels must have one value for each row, but have ${owners.length} and ${labels.length}`,
      );
    }
    if (new Set(subjects).size < subjects.length) {
      throw new LetheError('ERR_DUPLICATE', 'a subject is given twice');
    }
    const { firstRow = 0 } = requireKnownFields('options', options, { firstRow: true });
    requireInteger('firstRow', firstRow, 0, MAX_ROWS - owners.length);
    this.#write((database) => {
      const addSubject = database.prepare('INSERT OR IGNORE INTO subjects (id) VALUES (?)');
      const addSample = database.prepare('INSERT INTO samples (id, owner, label) VALUES (?, ?, ?)');
      for (const subject of subjects) addSubject.run(subject);
      owners.forEach((owner, row) => {
        const subject = subjects[owner];
        if (subject === undefined) {
          throw new LetheError('ERR_INVALID_ARGUMENT', `row ${row} has the unknown owner ${owner}`);
        }
        addSample.run(firstRow + row, subject, labels[row]);
      });
    });
  }

  async subjects(): Promise<{ subject: string; rows: number }[]> {
    return this.#read((database) =>
      database
        .prepare<[], { subject: string; rows: number }>(
          `SELECT subjects.id AS subject, count(samples.id) AS rows
           FROM subjects LEFT JOIN samples ON samples.owner = subjects.id
           GROUP BY subjects.id ORDER BY rows DESC, subjects.id`,
        )
        .all(),
    );
  }

  async rows(): Promise<Uint32Array> {
    return this.#read(allRows);
  }

  async has(subject: string): Promise<boolean> {
    return this.#read((database) => isKnown(database, subject));
  }

  async rowsOf(subject: string): Promise<Uint32Array> {
    return this.#read((database) => {
      requireSubject(database, subject);
      return rowsOf(database, subject);
    });
  }

  async delete(subject: string): Promise<Deletion> {
    return this.#write((database) => {
      requireSubject(database, subject);
      const forget = rowsOf(database, subject);
      database.prepare('DELETE FROM subjects WHERE id = ?').run(subject);
      return { subject, forget, retain: allRows(database) };
    });
  }

  async close(): Promise<void> {
    this.#database.close();
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
    const database = this.#database;
    if (!database.open) throw new LetheError('ERR_STORE', 'the store is closed');
    try {
      return database.transaction(() => work(database))[mode]();
    } catch (error) {
      throw storeError('the store', error);
    }
  }
}

function prepareSchema(database: BetterSqlite3.Database, path: string): void {
  database
    .transaction(() => {
      const id = database.pragma('application_id', { simple: true });
      const schemaVersion = database.pragma('user_version', { simple: true });
      const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
      if (id === 0 && schemaVersion === 0 && tables === 0) {
        database.exec(SCHEMA);
      } else if (id !== APPLICATION_ID || schemaVersion !== SCHEMA_VERSION) {
        throw new LetheError(
          'ERR_STORE',
          `${path} is not a Lethe store of version ${SCHEMA_VERSION}: name another file`,
        );
      }
    })
    .immediate();
}

function isKnown(database: BetterSqlite3.Database, subject: string): boolean {
  requireText('a subject', subject);
  return database.prepare('SELECT 1 FROM subjects WHERE id = ?').get(subject) !== undefined;
}

function requireSubject(database: BetterSqlite3.Database, subject: string): void {
  if (!isKnown(database, subject)) {
    throw new LetheError(
      'ERR_UNKNOWN_SUBJECT',
      `there is no subject "${subject}": it was never added, or is already deleted`,
    );
  }
}

function rowsOf(database: BetterSqlite3.Database, subject: string): Uint32Array {
  const query = database.prepare('SELECT id FROM samples WHERE owner = ? ORDER BY id').pluck();
  return Uint32Array.from(query.all(subject) as number[]);
}

function allRows(database: BetterSqlite3.Database): Uint32Array {
  const query = database.prepare('SELECT id FROM samples ORDER BY id').pluck();
  return Uint32Array.from(query.all() as number[]);
}

function storeError(what: string, error: unknown): LetheError {
  if (error instanceof LetheError) return error;
  const { code, message } = error as { code?: string; message: string };
  if (code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return new LetheError('ERR_DUPLICATE', `a row exists already: ${message}`, {
      cause: error,
    });
  }
  return new LetheError('ERR_STORE', `${what}: ${message}`, { cause: error });
}
