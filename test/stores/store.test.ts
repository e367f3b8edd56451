import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assignZipf } from '#lethe/datasets/assignment';
import { Dataset } from '#lethe/engine/dataset';
import type { Ownership } from '#lethe/engine/row-subjects';
import { openStore, type StoreOptions } from '#lethe/stores/open-store';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { toyData } from '../support/toy.js';

const SMALL: Ownership = {
  subjects: ['ada', "o'brien", 'Zoë; DROP TABLE samples', ''],
  owners: Uint32Array.of(0, 1, 0, 2, 1, 0),
};
const LABELS = Uint32Array.of(3, 1, 4, 1, 5, 9);

async function opened(options?: StoreOptions) {
  const store = await openStore(options);
  onTestFinished(() => store.close());
  return store;
}

async function filled(options?: StoreOptions) {
  const store = await opened(options);
  await store.ingest(SMALL, LABELS);
  return store;
}

/** Begins to write, or answers the code of what keeps it from that. */
function tryToWrite(database: Database.Database): string {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return 'written';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a store', () => {
  it('knows which subject owns which rows', async () => {
    const store = await filled();
    expect(await store.subjects()).toEqual([
      { subject: 'ada', rows: 3 },
      { subject: "o'brien", rows: 2 },
      { subject: 'Zoë; DROP TABLE samples', rows: 1 },
      { subject: '', rows: 0 },
    ]);
    expect(await store.rows()).toEqual(Uint32Array.of(0, 1, 2, 3, 4, 5));
    expect(await store.rowsOf("o'brien")).toEqual(Uint32Array.of(1, 4));
    expect(await store.rowsOf('')).toEqual(Uint32Array.of());
    expect([await store.has(''), await store.has('bob')]).toEqual([true, false]);
  });

  it('deletes a subject with its rows', async () => {
    const store = await filled();
    expect(await store.delete('ada')).toEqual({
      subject: 'ada',
      forget: Uint32Array.of(0, 2, 5),
      retain: Uint32Array.of(1, 3, 4),
      erasedFromFile: true,
    });
    expect(await store.rows()).toEqual(Uint32Array.of(1, 3, 4));
    await expectCode(() => store.rowsOf('ada'), 'ERR_UNKNOWN_SUBJECT');
    expect(await store.has('ada')).toBe(false);
  });

  it('deletes a subject that owns nothing', async () => {
    const store = await filled();
    const { forget, retain } = await store.delete('');
    expect([forget.length, retain.length]).toEqual([0, 6]);
  });

  it('splits the rows into disjoint, complete sets, the same for the same seed', async () => {
    const sizes = fc.record({ rows: fc.integer({ min: 1, max: 200 }), seed: fc.nat() });
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(9), async ({ rows, seed }, user) => {
        const split = async () => {
          const store = await openStore();
          const ownership = assignZipf({ rows, users: 10, seed, order: 'shuffled' });
          await store.ingest(ownership, new Uint32Array(rows));
          const deletion = await store.delete(`user-${user}`);
          await store.close();
          const owned = deletion.forget.every((row) => ownership.owners[row] === user);
          expect(owned && deletion.retain.every((row) => ownership.owners[row] !== user)).toBe(
            true,
          );
          return deletion;
        };
        const { forget, retain } = await split();
        const all = [...forget, ...retain].sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: rows }, (_, row) => row));
        expect(await split()).toMatchObject({ forget, retain });
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it.each(['nobody', 'ADA', 'ada '])('does not know %j', async (subject) => {
    const store = await filled();
    await expectCode(() => store.delete(subject), 'ERR_UNKNOWN_SUBJECT');
    expect((await store.rows()).length).toBe(6);
  });

  it.each([7, null, undefined, {}])('refuses %j as a subject', async (subject) => {
    const store = await filled();
    const notText = wrong(subject);
    await expectCode(() => store.delete(notText), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => store.rowsOf(notText), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => store.has(notText), 'ERR_INVALID_ARGUMENT');
    const added = { subjects: ['new', notText], owners: Uint32Array.of() };
    await expectCode(() => store.ingest(added, Uint32Array.of()), 'ERR_INVALID_ARGUMENT');
    expect((await store.subjects()).length).toBe(4);
  });

  it('deletes a subject only once', async () => {
    const store = await filled();
    await store.delete('ada');
    await expectCode(() => store.delete('ada'), 'ERR_UNKNOWN_SUBJECT');
    expect((await store.rows()).length).toBe(3);
  });

  it.each([
    ['a subject twice', { subjects: ['new', 'new'], owners: Uint32Array.of() }],
    ['a row twice', { subjects: ['new'], owners: Uint32Array.of(0) }],
  ])('does not take %s, nor anything that came with it', async (_, ownership) => {
    const store = await filled();
    const labels = new Uint32Array(ownership.owners.length);
    await expectCode(() => store.ingest(ownership, labels), 'ERR_DUPLICATE');
    expect((await store.subjects()).length).toBe(4);
    expect((await store.rows()).length).toBe(6);
  });

  it('accepts more rows later, of known and of new subjects', async () => {
    const store = await filled();
    await store.delete("o'brien");
    const later = { subjects: ['bob', 'ada'], owners: Uint32Array.of(0, 1, 0) };
    await store.ingest(later, Uint32Array.of(1, 2, 3), { firstRow: 6 });
    expect(await store.rowsOf('ada')).toEqual(Uint32Array.of(0, 2, 5, 7));
    expect(await store.rowsOf('bob')).toEqual(Uint32Array.of(6, 8));
    const { forget, retain } = await store.delete('bob');
    expect([...forget, ...retain]).toEqual([6, 8, 0, 2, 3, 5, 7]);
  });

  it('accepts row numbers up to the largest uint32', async () => {
    const store = await opened();
    const one = { subjects: ['a'], owners: Uint32Array.of(0) };
    const label = Uint32Array.of(0);
    for (const firstRow of [-1, 0.5, 2 ** 32, Number.NaN, wrong('0'), wrong(null)]) {
      await expectCode(() => store.ingest(one, label, { firstRow }), 'ERR_INVALID_ARGUMENT');
    }
    await store.ingest(one, label, { firstRow: 2 ** 32 - 1 });
    expect(await store.rows()).toEqual(Uint32Array.of(2 ** 32 - 1));
  });

  it('refuses owners that are not subjects and labels that do not fit', async () => {
    const store = await opened();
    const stray = { subjects: ['a'], owners: Uint32Array.of(0, 1) };
    await expectCode(() => store.ingest(stray, Uint32Array.of(0, 0)), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => store.ingest(SMALL, Uint32Array.of(0)), 'ERR_INVALID_ARGUMENT');
    expect(await store.subjects()).toEqual([]);
  });

  it('accepts owners and labels only as Uint32Array', async () => {
    const store = await opened();
    const fractions = wrong(Float32Array.of(0.5));
    const zeros = Uint32Array.of(0);
    const bad = [
      [{ subjects: ['a'], owners: fractions }, zeros],
      [{ subjects: ['a'], owners: zeros }, fractions],
      [wrong({ owners: zeros }), zeros],
      [wrong(null), zeros],
    ] as const;
    for (const [ownership, labels] of bad) {
      await expectCode(() => store.ingest(ownership, labels), 'ERR_INVALID_ARGUMENT');
    }
    expect(await store.subjects()).toEqual([]);
  });

  it('refuses everything once closed, but closing twice', async () => {
    const store = await filled();
    await store.close();
    await store.close();
    for (const use of [
      () => store.rows(),
      () => store.subjects(),
      () => store.has('ada'),
      () => store.rowsOf('ada'),
      () => store.delete('ada'),
      () => store.ingest(SMALL, LABELS),
    ]) {
      await expectCode(use, 'ERR_STORE');
    }
  });
});

describe('a store in a file', () => {
  it('keeps its contents when it is opened again', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    const first = await filled({ path });
    await first.delete('ada');
    await first.close();
    expect(await (await opened({ path })).rows()).toEqual(Uint32Array.of(1, 3, 4));
  });

  it('cascades deletions by other programs too', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    await (await filled({ path })).close();
    const database = new Database(path);
    database.pragma('foreign_keys = ON');
    database.prepare('DELETE FROM subjects WHERE id = ?').run('ada');
    database.close();
    expect(await (await opened({ path })).rows()).toEqual(Uint32Array.of(1, 3, 4));
  });

  it('does not leave the name of a deleted subject in the file', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    const ownership = assignZipf({ rows: 3000, users: 300 });
    const subjects = ownership.subjects.map((name) => `${name}@example.org`);
    const store = await opened({ path });
    await store.ingest({ ...ownership, subjects }, new Uint32Array(3000));
    expect((await readFile(path)).includes('user-7@')).toBe(true);
    await store.delete('user-7@example.org');
    expect((await readFile(path)).includes('user-7@')).toBe(false);
    expect((await readFile(path)).includes('user-8@')).toBe(true);
  });

  it('refuses a file of another kind and leaves it alone', async () => {
    const folder = await temporaryFolder();
    const text = join(folder, 'text');
    await writeFile(text, 'not a database, but long enough to have a header'.repeat(10));
    const foreign = join(folder, 'foreign.db');
    new Database(foreign).exec('CREATE TABLE t (x)').close();
    const newer = join(folder, 'newer.db');
    await (await openStore({ path: newer })).close();
    const database = new Database(newer);
    database.pragma('user_version = 99');
    database.close();
    const versioned = join(folder, 'versioned.db');
    const empty = new Database(versioned);
    empty.pragma('user_version = 7');
    empty.close();
    for (const path of [text, foreign, newer, versioned]) {
      const before = await readFile(path);
      const error = await expectCode(() => openStore({ path }), 'ERR_STORE');
      expect(error.message).toContain(path);
      expect(await readFile(path)).toEqual(before);
    }
  });

  it.each(['', 7, null])('refuses %j as a path', async (path) => {
    await expectCode(() => openStore({ path: wrong(path) }), 'ERR_INVALID_ARGUMENT');
  });

  it('refuses a folder that does not exist', async () => {
    const path = join(await temporaryFolder(), 'missing', 'owners.db');
    await expectCode(() => openStore({ path }), 'ERR_STORE');
  });

  it('can be read while another program writes', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    const store = await filled({ path });
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect((await store.rowsOf('ada')).length).toBe(3);
    other.close();
  });

  it('lets nobody else write between what a deletion reads and what it deletes', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    const store = await filled({ path });
    const other = new Database(path, { timeout: 0 });
    onTestFinished(() => void other.close());
    const attempts: unknown[] = [];
    const { prepare } = Database.prototype;
    const prepared = vi.spyOn(Database.prototype, 'prepare');
    onTestFinished(() => prepared.mockRestore());
    prepared.mockImplementation(function (this: Database.Database, sql: string) {
      // The rows of the subject have been read; the other connection would add one to them.
      if (sql.startsWith('DELETE')) attempts.push(tryToWrite(other));
      return prepare.call(this, sql);
    });
    const { forget } = await store.delete('ada');
    expect(attempts).toEqual(['SQLITE_BUSY']);
    expect(forget).toEqual(Uint32Array.of(0, 2, 5));
    expect(tryToWrite(other)).toBe('written');
  });

  it('fails whole where another program holds the lock', async () => {
    const path = join(await temporaryFolder(), 'owners.db');
    const store = await filled({ path });
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    await expectCode(() => store.delete('ada'), 'ERR_STORE');
    other.exec('ROLLBACK');
    other.close();
    expect((await store.rowsOf('ada')).length).toBe(3);
  });
});

it('takes the owners that a data set knows, at the positions of its rows', async () => {
  const dataset = new Dataset({
    ...toyData({ rows: 3 }),
    ids: ['c', 'a', 'b'],
    subjects: ['ann', 'bob', 'ann'],
  });
  const store = await openStore();
  await store.ingest(dataset.subjects.ownership(), dataset.labels);
  const { forget } = await store.delete('ann');
  expect(dataset.ids.of(forget)).toEqual(['b', 'c']);
  await store.close();
});
