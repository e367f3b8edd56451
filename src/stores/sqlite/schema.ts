import type BetterSqlite3 from 'better-sqlite3';
import { LetheError } from '../../base/errors.js';

/** "Leth" as a number; in SQLite's header it identifies a Lethe store. */
const APPLICATION_ID = 0x4c657468;
const SCHEMA_VERSION = 2;

/** As requireName, but for lone surrogates, which no UTF-8 has. */
const IS_NAME = 'instr(id, char(0)) = 0 AND length(CAST(id AS BLOB)) <= 1048576';
const IS_UINT32 = 'BETWEEN 0 AND 4294967295';

/**
 * The rules are the database's, so that they hold for other programs too, whether or not these enforce
 * foreign keys: a row stays until its last owner leaves, a deleted row leaves its number behind (and its
 * id, if that is a number, but never a text), and deletions are counted until the file is purged of what
 * they deleted.
 */
const SCHEMA = `
  CREATE TABLE subjects (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (${IS_NAME})
  ) STRICT;
  CREATE TABLE samples (
    number INTEGER PRIMARY KEY CHECK (number ${IS_UINT32}),
    id ANY NOT NULL UNIQUE
      CHECK (CASE typeof(id) WHEN 'text' THEN ${IS_NAME} ELSE typeof(id) = 'integer' END),
    label INTEGER NOT NULL CHECK (label ${IS_UINT32})
  ) STRICT;
  CREATE TABLE ownership (
    subject INTEGER NOT NULL REFERENCES subjects (number) ON DELETE CASCADE,
    sample INTEGER NOT NULL REFERENCES samples (number) ON DELETE CASCADE,
    PRIMARY KEY (subject, sample)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ownership_by_sample ON ownership (sample);
  CREATE TABLE deleted_samples (number INTEGER PRIMARY KEY, id INTEGER UNIQUE) STRICT;
  CREATE TABLE deletions (done INTEGER NOT NULL, purged INTEGER NOT NULL) STRICT;
  INSERT INTO deletions VALUES (0, 0);

  CREATE TRIGGER last_owner_left AFTER DELETE ON ownership
  WHEN NOT EXISTS (SELECT 1 FROM ownership WHERE sample = old.sample)
  BEGIN
    DELETE FROM samples WHERE number = old.sample;
  END;
  CREATE TRIGGER sample_deleted AFTER DELETE ON samples
  BEGIN
    INSERT INTO deleted_samples
    VALUES (old.number, CASE typeof(old.id) WHEN 'integer' THEN old.id END);
    UPDATE deletions SET done = done + 1;
    DELETE FROM ownership WHERE sample = old.number;
  END;
  CREATE TRIGGER subject_deleted AFTER DELETE ON subjects
  BEGIN
    DELETE FROM ownership WHERE subject = old.number;
    UPDATE deletions SET done = done + 1;
  END;
  CREATE TRIGGER sample_never_returns BEFORE INSERT ON samples
  WHEN EXISTS (SELECT 1 FROM deleted_samples WHERE number = new.number)
    OR (typeof(new.id) = 'integer' AND EXISTS (SELECT 1 FROM deleted_samples WHERE id = new.id))
  BEGIN
    SELECT RAISE(ABORT, 'a row of this number or id was deleted, and they are not used again');
  END;
  CREATE TRIGGER sample_is_not_renamed BEFORE UPDATE OF number, id ON samples
  BEGIN
    SELECT RAISE(ABORT, 'a row keeps its number and its id: delete it, and add another one');
  END;

  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Version 1 had one owner for each row, by name, and no ids but the rows' numbers. */
const FROM_VERSION_1 = `
  ALTER TABLE samples RENAME TO old_samples;
  ALTER TABLE subjects RENAME TO old_subjects;
  DROP INDEX samples_by_owner;
  ${SCHEMA}
  INSERT INTO subjects (id) SELECT id FROM old_subjects ORDER BY id;
  INSERT INTO samples SELECT id, id, label FROM old_samples ORDER BY id;
  INSERT INTO ownership
  SELECT subjects.number, old_samples.id FROM old_samples JOIN subjects ON subjects.id = owner;
  DROP TABLE old_samples;
  DROP TABLE old_subjects;
  -- What version 1 deleted may still be in the file.
  UPDATE deletions SET done = 1;
`;

/**
 * Makes the tables of an empty database, and brings those of an earlier version up to date.
 *
 * @throws {LetheError} ERR_STORE: the file is another program's, or of a later version.
 */
export function prepareSchema(database: BetterSqlite3.Database, path: string): void {
  database
    .transaction(() => {
      const id = database.pragma('application_id', { simple: true });
      const version = database.pragma('user_version', { simple: true });
      const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
      if (id === APPLICATION_ID && version === SCHEMA_VERSION) return;
      if (id === APPLICATION_ID && version === 1) database.exec(FROM_VERSION_1);
      else if (id === 0 && version === 0 && tables === 0) database.exec(SCHEMA);
      else throw foreign(path, id === APPLICATION_ID ? Number(version) : 0);
    })
    .immediate();
}

function foreign(path: string, version: number): LetheError {
  const reason =
    version > SCHEMA_VERSION
      ? `is a Lethe store of version ${version}, but this version of Lethe knows versions up to ${SCHEMA_VERSION}: update Lethe`
      : `is not a Lethe store of version ${SCHEMA_VERSION}: name another file`;
  return new LetheError('ERR_STORE', `${path} ${reason}`);
}
