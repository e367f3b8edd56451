import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '#lethe/stores/open-store';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const VERSION_1 = new URL('../fixtures/stores/version-1.db', import.meta.url).pathname;

/** All bytes of a store's files: the database, its journal and its write-ahead log. */
async function bytesIn(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
}

async function storeIn(folder: string) {
  const store = await openStore({ path: join(folder, 'owners.db') });
  onTestFinished(() => store.close());
  return store;
}

/** Another program with the same file, in WAL mode, which stays in the file. */
function client(folder: string, mode: 'wal' | 'delete') {
  const database = new Database(join(folder, 'owners.db'));
  onTestFinished(() => void database.close());
  database.pragma(`journal_mode = ${mode}`);
  return database;
}

/** Different names of many lengths, some longer than a page. */
function randomNames(count: number, seed: number): string[] {
  const length = fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 16, max: 60 }) },
    { weight: 10, arbitrary: fc.integer({ min: 61, max: 700 }) },
    { weight: 1, arbitrary: fc.integer({ min: 701, max: 9000 }) },
  );
  const hex = fc.stringMatching(/^[0-9a-f]{8}$/);
  const names = fc
    .tuple(hex, length)
    .map(([start, size]) => start.repeat(size / 8 + 1).slice(0, size));
  return [...new Set(fc.sample(names, { numRuns: count, seed }))];
}

/** A name repeats its first eight characters: these show any part of it, on whatever page. */
const START = 16;

describe.each(['delete', 'wal'] as const)('with the journal mode %s', (mode) => {
  it('no file has a byte of what was deleted, with names of many lengths', async () => {
    const folder = await temporaryFolder();
    const store = await storeIn(folder);
    client(folder, mode);
    const names = randomNames(1200, 7);
    const owners = Uint32Array.from(
      { length: 3 * names.length },
      (_, row) => (row * 7) % names.length,
    );
    await store.ingest({ subjects: names, owners }, new Uint32Array(owners.length));
    const order = names.map((_, i) => names[(i * 509) % names.length]!);
    for (const part of [order.slice(0, 500), order.slice(500, 501), order.slice(501, 1000)]) {
      const deletions = await Promise.all(part.map((name) => store.delete(name)));
      expect(deletions.every(({ erasedFromFile }) => erasedFromFile)).toBe(true);
      const left = await bytesIn(folder);
      expect(part.filter((name) => left.includes(name.slice(0, START)))).toEqual([]);
    }
    // The search does find names.
    const left = await bytesIn(folder);
    const kept = order.slice(1000);
    expect(kept.filter((name) => left.includes(name.slice(0, START)))).toEqual(kept);
  });

  it('no file has the text id of a deleted row', async () => {
    const folder = await temporaryFolder();
    const store = await storeIn(folder);
    client(folder, mode);
    const ids = randomNames(500, 3);
    const owners = new Uint32Array(ids.length);
    await store.ingest({ subjects: ['ada'], owners }, owners.slice(), { ids });
    const { erasedFromFile } = await store.deleteRows(ids.slice(100));
    expect(erasedFromFile).toBe(true);
    const left = await bytesIn(folder);
    expect(ids.filter((id) => left.includes(id.slice(0, START)))).toEqual(ids.slice(0, 100));
  });

  it('finishes at the next opening what a process did not live to do', async () => {
    const folder = await temporaryFolder();
    await (await storeIn(folder)).close();
    const other = client(folder, mode);
    const store = await storeIn(folder);
    const subjects = randomNames(800, 5);
    const owners = Uint32Array.from(subjects.keys());
    await store.ingest({ subjects, owners }, owners);
    await store.close();
    // Deletes as any client does, without secure_delete, and without a purge.
    other.pragma('secure_delete = OFF');
    for (const name of subjects.slice(50))
      other.prepare('DELETE FROM subjects WHERE id = ?').run(name);
    expect((await bytesIn(folder)).includes(subjects[400]!.slice(0, START))).toBe(true);
    const again = await storeIn(folder);
    const left = await bytesIn(folder);
    expect(subjects.filter((name) => left.includes(name.slice(0, START)))).toEqual(
      subjects.slice(0, 50),
    );
    expect((await again.rows()).length).toBe(50);
  });
});

describe('where another program reads', () => {
  const NAME = 'ann-secret-name';
  const OWNERSHIP = { subjects: [NAME, 'bob'], owners: Uint32Array.of(0, 1) };

  it('a deletion in WAL mode says that the name is still in the file, until it is purged', async () => {
    const folder = await temporaryFolder();
    const store = await storeIn(folder);
    await store.ingest(OWNERSHIP, Uint32Array.of(0, 1));
    const reader = client(folder, 'wal');
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM subjects').all();
    const deletion = await store.delete(NAME);
    expect(deletion).toMatchObject({ erasedFromFile: false, forget: Uint32Array.of(0) });
    expect(deletion.reason).toContain('another program is reading the store');
    expect(deletion.reason).toContain('store.purge()');
    expect(await store.has(NAME)).toBe(false);
    expect((await bytesIn(folder)).includes(NAME)).toBe(true);
    expect(await store.purge()).toMatchObject({ erasedFromFile: false });
    reader.exec('COMMIT');
    expect(await store.purge()).toEqual({ erasedFromFile: true });
    expect((await bytesIn(folder)).includes(NAME)).toBe(false);
  });

  it("an open connection that does not read is in nobody's way", async () => {
    const folder = await temporaryFolder();
    const first = await storeIn(folder);
    await first.ingest(OWNERSHIP, Uint32Array.of(0, 1));
    await first.close();
    client(folder, 'wal').prepare('SELECT * FROM subjects').all();
    const store = await storeIn(folder);
    expect(await store.delete(NAME)).toMatchObject({ erasedFromFile: true });
    expect((await bytesIn(folder)).includes(NAME)).toBe(false);
  });

  it('without WAL nothing is deleted, and the error says what to do', async () => {
    const folder = await temporaryFolder();
    const store = await storeIn(folder);
    await store.ingest(OWNERSHIP, Uint32Array.of(0, 1));
    const reader = client(folder, 'delete');
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM subjects').all();
    const { message } = await expectCode(() => store.delete(NAME), 'ERR_STORE');
    expect(message).toContain('another program holds its lock: let it finish, then try again');
    expect(await store.has(NAME)).toBe(true);
    reader.exec('COMMIT');
    expect(await store.delete(NAME)).toMatchObject({ erasedFromFile: true });
  });
});

it('a store is closed only when what was deleted is gone', async () => {
  const folder = await temporaryFolder();
  const store = await storeIn(folder);
  const subjects = ['secret-of-ada', 'secret-of-bob'];
  await store.ingest({ subjects, owners: Uint32Array.of(0, 1) }, Uint32Array.of(0, 0));
  const deletions = subjects.map((subject) => store.delete(subject));
  await store.close();
  expect(await Promise.all(deletions)).toMatchObject([
    { erasedFromFile: true },
    { erasedFromFile: true },
  ]);
  expect((await bytesIn(folder)).includes('secret-of')).toBe(false);
});

it('a file of version 1 is brought up to date, and what it had deleted is erased', async () => {
  const folder = await temporaryFolder();
  await copyFile(VERSION_1, join(folder, 'owners.db'));
  const store = await storeIn(folder);
  expect(await store.subjects()).toEqual([
    { subject: 'ada', rows: 3 },
    { subject: 'nobody', rows: 0 },
  ]);
  expect(await store.rowsOf('ada')).toEqual(Uint32Array.of(2, 4, 6));
  expect(await store.ids()).toEqual([2, 4, 6]);
  await store.check({ labels: Uint32Array.of(9, 9, 3, 9, 4, 9, 5) });
  await store.close();
  expect((await bytesIn(folder)).includes("o'brien")).toBe(false);
  const again = await storeIn(folder);
  expect((await again.delete('ada')).forget).toEqual(Uint32Array.of(2, 4, 6));
});
