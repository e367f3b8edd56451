import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '#lethe/stores/open-store';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const IDS = ['doc-a', 'doc-b', 7];

async function filled() {
  const path = join(await temporaryFolder(), 'owners.db');
  const store = await openStore({ path });
  onTestFinished(() => store.close());
  const ownership = { subjects: ['ada', 'bob'], owners: [[0], [0, 1], [1]] };
  await store.ingest(ownership, Uint32Array.of(0, 1, 1), { ids: IDS });
  return { path, store };
}

/** Another program with the same file. */
function client(path: string) {
  const database = new Database(path);
  onTestFinished(() => void database.close());
  return database;
}

const STRANGE: [string, string][] = [
  ['a negative number', "INSERT INTO samples VALUES (-1, 'x', 0)"],
  ['a number of 2^32', `INSERT INTO samples VALUES (${2 ** 32}, 'x', 0)`],
  ['a number of 2^32 and more', `INSERT INTO samples VALUES (${2 ** 32 + 1}, 'x', 0)`],
  ['a number beyond float64', "INSERT INTO samples VALUES (9223372036854775807, 'x', 0)"],
  ['an id of bytes', "INSERT INTO samples VALUES (9, x'00ff', 0)"],
  ['an id of half a number', 'INSERT INTO samples VALUES (9, 0.5, 0)'],
];
const STRANGE_LABELS_AND_NAMES: [string, string][] = [
  ['a negative label', "INSERT INTO samples VALUES (9, 'x', -1)"],
  ['a label of 2^32', `INSERT INTO samples VALUES (9, 'x', ${2 ** 32})`],
  ['an id with NUL', "INSERT INTO samples VALUES (9, 'x' || char(0) || 'y', 0)"],
  ['a subject with NUL', "INSERT INTO subjects (id) VALUES ('x' || char(0))"],
  ['a subject of 2 MiB', 'INSERT INTO subjects (id) VALUES (hex(zeroblob(1048576)))'],
];

describe('what another program writes', () => {
  it.each([...STRANGE, ...STRANGE_LABELS_AND_NAMES])(
    'is refused by the database, and when the store is opened: %s',
    async (_, sql) => {
      const { path, store } = await filled();
      const other = client(path);
      expect(() => other.exec(sql)).toThrow(/CHECK constraint failed/);
      await store.close();
      other.pragma('ignore_check_constraints = ON');
      other.exec(sql);
      const { message } = await expectCode(() => openStore({ path }), 'ERR_STORE');
      expect(message).toContain(path);
      expect(message).toContain('CHECK constraint failed');
    },
  );

  it.each(STRANGE)('is no answer of an open store: %s', async (_, sql) => {
    const { path, store } = await filled();
    const other = client(path);
    other.pragma('ignore_check_constraints = ON');
    other.exec(sql);
    other.exec('INSERT OR IGNORE INTO ownership SELECT 1, number FROM samples');
    const isId = sql.includes('VALUES (9');
    for (const call of isId
      ? [() => store.ids(), () => store.check({ ids: IDS, labels: Uint32Array.of(0, 1, 1) })]
      : [
          () => store.rows(),
          () => store.ids(),
          () => store.rowsOf('ada'),
          () => store.delete('ada'),
        ]) {
      const { message } = await expectCode(call, 'ERR_STORE');
      expect(message).toContain('which Lethe never writes');
    }
    expect(await store.has('ada')).toBe(true);
  });

  it('is no name if it is no UTF-8, which would be read as another one', async () => {
    const { path, store } = await filled();
    const other = client(path);
    await store.ingest({ subjects: ['real \ufffd'], owners: [[0]] }, Uint32Array.of(0), {
      ids: ['\ufffd'],
    });
    expect((await store.subjects()).length).toBe(3);
    expect(await store.ids()).toEqual([...IDS, '\ufffd']);
    other.exec("INSERT INTO subjects (id) VALUES (CAST(x'61ff' AS TEXT))");
    await expectCode(() => store.subjects(), 'ERR_STORE');
    other.exec("INSERT INTO samples VALUES (9, CAST(x'61ff' AS TEXT), 0)");
    await expectCode(() => store.ids(), 'ERR_STORE');
  });

  it('follows the rules of deleting, also without foreign keys', async () => {
    const { path, store } = await filled();
    const other = client(path);
    other.pragma('foreign_keys = OFF');
    other.exec("DELETE FROM subjects WHERE id = 'ada'");
    expect(await store.ids()).toEqual(['doc-b', 7]);
    expect(await store.rowsOf('bob', { owned: 'alone' })).toEqual(Uint32Array.of(1, 2));
    other.exec('DELETE FROM samples WHERE id = 7');
    expect(await store.rowsOf('bob')).toEqual(Uint32Array.of(1));
    expect(other.pragma('foreign_key_check')).toEqual([]);
    const again = { subjects: [], owners: [[]] };
    await expectCode(
      () => store.ingest(again, Uint32Array.of(0), { firstRow: 2, ids: ['new'] }),
      'ERR_DUPLICATE',
    );
  });

  it('cannot give a row the number or the id of another one', async () => {
    const { path, store } = await filled();
    await store.delete('bob');
    const other = client(path);
    for (const sql of ['UPDATE samples SET number = 2', "UPDATE samples SET id = 'x'"]) {
      expect(() => other.exec(sql)).toThrow(/a row keeps its number and its id/);
    }
    other.exec('UPDATE samples SET label = 5 WHERE number = 0');
    await store.check({ ids: IDS, labels: Uint32Array.of(5, 1, 1) });
  });
});

it('numbers are not given beyond the last one', async () => {
  const { store } = await filled();
  const one = { subjects: ['eve'], owners: Uint32Array.of(0) };
  await store.ingest(one, Uint32Array.of(0), { firstRow: 2 ** 32 - 1, ids: ['last'] });
  expect((await store.rows()).at(-1)).toBe(2 ** 32 - 1);
  await expectCode(() => store.ingest(one, Uint32Array.of(0), { ids: ['next'] }), 'ERR_STORE');
  await store.deleteRows(['last']);
  await expectCode(() => store.ingest(one, Uint32Array.of(0), { ids: ['next'] }), 'ERR_STORE');
});

describe('a name that only looks like a known one', () => {
  it.each([
    ['in another normal form', 'Zoe\u0308', 'Zo\u00eb'],
    ['in the other normal form', 'Zo\u00eb', 'Zoe\u0308'],
    ['with blanks around it', ' ada\t', 'ada'],
  ])('is another one, and the error says which there is: %s', async (_, asked, known) => {
    const store = await openStore();
    onTestFinished(() => store.close());
    await store.ingest({ subjects: [known], owners: [[0]] }, Uint32Array.of(0));
    expect(await store.has(asked)).toBe(false);
    for (const call of [() => store.delete(asked), () => store.rowsOf(asked)]) {
      const { message } = await expectCode(call, 'ERR_UNKNOWN_SUBJECT');
      expect(message).toContain(known === 'ada' ? '"ada"' : '\\u{');
      expect(message).toContain('looks like it');
    }
    await store.ingest({ subjects: [asked], owners: [[0]] }, Uint32Array.of(0), { firstRow: 1 });
    expect((await store.delete(asked)).forget).toEqual(Uint32Array.of(1));
    expect(await store.has(known)).toBe(true);
  });

  it('has no hint where there is none', async () => {
    const { store } = await filled();
    const { message } = await expectCode(() => store.delete('eve'), 'ERR_UNKNOWN_SUBJECT');
    expect(message).toMatch(/already deleted$/);
  });
});

describe('a damaged file', () => {
  it('is refused with one code, or its damage is in what has no rules; nothing crashes', async () => {
    const { path, store } = await filled();
    const subjects = Array.from({ length: 400 }, (_, i) => `user-${i}@example.com`);
    await store.ingest(
      { subjects, owners: Uint32Array.from(subjects.keys()) },
      new Uint32Array(400),
      { firstRow: 100 },
    );
    await store.close();
    const whole = await readFile(path);
    let refused = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const bytes = Buffer.from(whole);
      const start = Math.imul(seed, 0x9e3779b1) >>> 0;
      const place = start % bytes.length;
      if (seed % 3 === 0) bytes.fill(seed, place, place + 200);
      else if (seed % 3 === 1) bytes[place]! ^= 1 << (seed % 8);
      const damaged = seed % 3 === 2 ? bytes.subarray(0, place) : bytes;
      const other = `${path}.${seed}`;
      await writeFile(other, damaged);
      try {
        const opened = await openStore({ path: other });
        await opened.rows();
        await opened.close();
      } catch (error) {
        expect((error as { code: string }).code, String(error)).toBe('ERR_STORE');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});

describe('a path', () => {
  it.each(['', ' ', '\n', ' :memory: ', ' owners.db', 'owners.db ', 'owners\0.db', '\ud800'])(
    'is refused: %j',
    async (path) => {
      await expectCode(() => openStore({ path }), 'ERR_INVALID_ARGUMENT');
    },
  );

  it('of a FIFO, a device or a folder is refused, also through a link', async () => {
    const folder = await temporaryFolder();
    expect(spawnSync('mkfifo', [join(folder, 'fifo')]).status).toBe(0);
    await symlink('fifo', join(folder, 'link'));
    await mkdir(join(folder, 'folder'));
    for (const path of ['fifo', 'link', 'folder']
      .map((name) => join(folder, name))
      .concat('/dev/null')) {
      const { message } = await expectCode(() => openStore({ path }), 'ERR_STORE');
      expect(message).toContain(`cannot open ${path}: it is `);
    }
    expect((await stat(join(folder, 'fifo'))).isFIFO()).toBe(true);
  });

  it('through a link to nothing yet makes the file there', async () => {
    const folder = await temporaryFolder();
    await symlink('target.db', join(folder, 'link'));
    const store = await openStore({ path: join(folder, 'link') });
    await store.close();
    expect((await stat(join(folder, 'target.db'))).isFile()).toBe(true);
  });
});
