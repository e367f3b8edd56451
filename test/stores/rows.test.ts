import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RowId } from '#lethe/engine/packed-ids';
import { openStore } from '#lethe/stores/open-store';
import { expectCode, wrong } from '../support/errors.js';

const IDS: RowId[] = ['doc-a', 'doc-b', 17, '17', 2n ** 60n];
const LABELS = Uint32Array.of(0, 1, 0, 1, 2);
const OWNERS = [[0], [0, 1], [1], [0, 1], []];

async function filled() {
  const store = await openStore();
  onTestFinished(() => store.close());
  await store.ingest({ subjects: ['ada', 'bob'], owners: OWNERS }, LABELS, { ids: IDS });
  return store;
}

/** The same rows in another order, beside one that the store does not know. */
const REORDERED = {
  ids: [2n ** 60n, 17, 'elsewhere', 'doc-b', '17', 'doc-a'],
  labels: Uint32Array.of(2, 0, 9, 1, 1, 0),
};

describe('rows with ids and several owners', () => {
  it('tell what a subject owns alone, and what with others', async () => {
    const store = await filled();
    expect(await store.ids()).toEqual(IDS);
    expect(await store.rowsOf('ada')).toEqual(Uint32Array.of(0, 1, 3));
    expect(await store.rowsOf('ada', { owned: 'alone' })).toEqual(Uint32Array.of(0));
    expect(await store.rowsOf('ada', { owned: 'shared' })).toEqual(Uint32Array.of(1, 3));
    expect(await store.subjects()).toEqual([
      { subject: 'ada', rows: 3 },
      { subject: 'bob', rows: 3 },
    ]);
  });

  it('stay until their last owner leaves', async () => {
    const store = await filled();
    expect(await store.delete('ada')).toMatchObject({
      forget: Uint32Array.of(0),
      retain: Uint32Array.of(1, 2, 3, 4),
    });
    expect((await store.delete('bob')).forget).toEqual(Uint32Array.of(1, 2, 3));
    expect(await store.ids()).toEqual([2n ** 60n]);
  });

  it('are found in a data set by their ids, in whatever order', async () => {
    const store = await filled();
    expect(await store.rows({ dataset: REORDERED })).toEqual(Uint32Array.of(0, 1, 3, 4, 5));
    expect(await store.rowsOf('ada', { dataset: REORDERED })).toEqual(Uint32Array.of(3, 4, 5));
    expect(await store.delete('ada', { dataset: REORDERED })).toMatchObject({
      forget: Uint32Array.of(5),
      retain: Uint32Array.of(0, 1, 3, 4),
    });
    // The rows that have left may still be in the data set.
    await store.check(REORDERED);
  });

  it('agree with a model of sets, whatever leaves in whatever order', async () => {
    const list = fc.uniqueArray(fc.nat(5), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(list, { minLength: 1, maxLength: 20 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5]),
        async (owners, leaving) => {
          const store = await openStore();
          const subjects = ['a', 'b', 'c', 'd', 'e', 'f'];
          await store.ingest({ subjects, owners }, new Uint32Array(owners.length));
          const left = owners.map((those) => new Set(those));
          for (const subject of leaving) {
            const gone = left.flatMap((those, row) =>
              those.delete(subject) && those.size === 0 ? [row] : [],
            );
            const { forget } = await store.delete(subjects[subject]!);
            expect([...forget]).toEqual(gone);
          }
          await store.close();
        },
      ),
      { numRuns: 60, seed: 2 },
    );
  });
});

describe("a data set that is not the store's", () => {
  it.each<[string, object, 'ERR_INVALID_ROWS' | 'ERR_DUPLICATE' | 'ERR_INVALID_ARGUMENT', string]>([
    ['without ids', { labels: LABELS }, 'ERR_INVALID_ROWS', 'the row "doc-a" of the store'],
    [
      'with a row missing',
      { ids: IDS.slice(1), labels: LABELS.slice(1) },
      'ERR_INVALID_ROWS',
      '"doc-a"',
    ],
    [
      'with a number as text',
      { ids: ['doc-a', 'doc-b', '17', '18', 2n ** 60n], labels: LABELS },
      'ERR_INVALID_ROWS',
      'the row 17 of',
    ],
    [
      'with another label',
      { ids: IDS, labels: Uint32Array.of(0, 1, 0, 2, 2) },
      'ERR_INVALID_ROWS',
      '"17" has the label 1 in the store, but 2',
    ],
    ['with an id twice', { ids: IDS.with(0, 17), labels: LABELS }, 'ERR_DUPLICATE', 'the id 17'],
    [
      'with too few ids',
      { ids: IDS.slice(1), labels: LABELS },
      'ERR_INVALID_ARGUMENT',
      '4 ids for 5 labels',
    ],
    [
      'with labels of another type',
      { ids: IDS, labels: [0] },
      'ERR_INVALID_ARGUMENT',
      'Uint32Array',
    ],
  ])('is refused: %s, and nothing changes', async (_, dataset, code, reason) => {
    const store = await filled();
    for (const call of [
      () => store.check(wrong(dataset)),
      () => store.rows({ dataset: wrong(dataset) }),
      () => store.rowsOf('ada', { dataset: wrong(dataset) }),
      () => store.delete('ada', { dataset: wrong(dataset) }),
      () => store.deleteRows(['doc-b'], { dataset: wrong(dataset) }),
    ]) {
      expect((await expectCode(call, code)).message).toContain(reason);
    }
    expect((await store.rows()).length).toBe(5);
  });

  it('is refused where rows are known by their positions, and their labels show it', async () => {
    const store = await openStore();
    onTestFinished(() => store.close());
    await store.ingest({ subjects: ['ada'], owners: [[0], [0], [0]] }, Uint32Array.of(4, 5, 6));
    await store.check({ labels: Uint32Array.of(4, 5, 6, 7) });
    const reordered = { labels: Uint32Array.of(5, 4, 6) };
    await expectCode(() => store.delete('ada', { dataset: reordered }), 'ERR_INVALID_ROWS');
  });
});

describe('single rows', () => {
  it('are deleted by their ids, whoever owns them', async () => {
    const store = await filled();
    expect(await store.deleteRows(['17', 17])).toEqual({
      forget: Uint32Array.of(2, 3),
      retain: Uint32Array.of(0, 1, 4),
      erasedFromFile: true,
    });
    expect(await store.rowsOf('bob')).toEqual(Uint32Array.of(1));
    await store.deleteRows(['doc-b']);
    expect(await store.has('bob')).toBe(true);
  });

  it('get other labels', async () => {
    const store = await filled();
    await store.relabel(['doc-a', 17], Uint32Array.of(7, 8));
    await store.check({ ids: IDS, labels: Uint32Array.of(7, 1, 8, 1, 2) });
  });

  it.each<[string, unknown]>([
    ['unknown', ['doc-b', 'doc-z']],
    ['given twice', ['doc-b', 'doc-b']],
  ])('are refused where one is %s, and nothing changes', async (_, ids) => {
    const store = await filled();
    await expectCode(() => store.deleteRows(wrong(ids)), 'ERR_INVALID_ROWS');
    await expectCode(() => store.relabel(wrong(ids), Uint32Array.of(7, 7)), 'ERR_INVALID_ROWS');
    await store.check({ ids: IDS, labels: LABELS });
  });

  it('need a label for each', async () => {
    const store = await filled();
    await expectCode(() => store.relabel(['doc-a'], Uint32Array.of()), 'ERR_INVALID_ARGUMENT');
  });
});

describe('a deleted row', () => {
  it('leaves its number and its whole-number id to nobody', async () => {
    const store = await filled();
    await store.deleteRows([17]);
    const one = { subjects: ['bob'], owners: Uint32Array.of(0) };
    const again = (options: object) => store.ingest(one, Uint32Array.of(0), options);
    await expectCode(() => again({ firstRow: 2, ids: ['new'] }), 'ERR_DUPLICATE');
    await expectCode(() => again({ firstRow: 9, ids: [17] }), 'ERR_DUPLICATE');
    await again({ ids: ['new'] });
    expect((await store.rows()).at(-1)).toBe(5);
  });

  it('had the highest number, which is not used again', async () => {
    const store = await filled();
    await store.deleteRows([2n ** 60n]);
    await store.ingest({ subjects: [], owners: [[]] }, Uint32Array.of(0), { ids: ['new'] });
    expect((await store.rows()).at(-1)).toBe(5);
  });
});

it('rows are not taken whose number, id or owner is wrong', async () => {
  const store = await filled();
  const one = { subjects: ['bob'], owners: Uint32Array.of(0) };
  for (const [ownership, options, code] of [
    [one, { firstRow: 0, ids: ['new'] }, 'ERR_DUPLICATE'],
    [one, { ids: ['doc-a'] }, 'ERR_DUPLICATE'],
    [one, { ids: ['a', 'b'] }, 'ERR_INVALID_ARGUMENT'],
    [one, { ids: [0.5] }, 'ERR_INVALID_ARGUMENT'],
    [one, { ids: [2n ** 63n] }, 'ERR_INVALID_ARGUMENT'],
    [one, { ids: ['\ud800'] }, 'ERR_INVALID_ARGUMENT'],
    [{ ...one, owners: [[1]] }, { ids: ['new'] }, 'ERR_INVALID_ARGUMENT'],
    [{ ...one, owners: [[-1]] }, { ids: ['new'] }, 'ERR_INVALID_ARGUMENT'],
    [{ ...one, owners: [0] }, { ids: ['new'] }, 'ERR_INVALID_ARGUMENT'],
  ] as const) {
    await expectCode(() => store.ingest(wrong(ownership), Uint32Array.of(0), wrong(options)), code);
  }
  expect((await store.rows()).length).toBe(5);
});

describe('a name', () => {
  it.each([
    ['SQL', "'; DROP TABLE subjects; --"],
    ['a path', '../../etc/passwd'],
    ['an escape of a terminal', '\x1b[2J\r\n'],
    ['a pair of surrogates', 'Zoë 🌍'],
    ['what SQLite could take for a number', '007'],
    ['an unfinished normal form', 'e\u0301'],
    ['blanks', ' ada '],
    ['a whole mebibyte', 'x'.repeat(2 ** 20)],
  ])('is kept exactly: %s', async (_, name) => {
    const store = await openStore();
    onTestFinished(() => store.close());
    const ownership = { subjects: [name, `${name.slice(1)}!`], owners: Uint32Array.of(0, 1) };
    await store.ingest(ownership, Uint32Array.of(0, 1));
    expect((await store.subjects()).map(({ subject }) => subject)).toContain(name);
    expect((await store.delete(name)).forget).toEqual(Uint32Array.of(0));
    expect((await store.rows()).length).toBe(1);
  });

  it.each([
    ['a lone surrogate', 'ada\ud800'],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['NUL', 'ada\0bob'],
    ['ten megabytes', 'x'.repeat(10_000_000)],
    ['more bytes than characters', 'ä'.repeat(600_000)],
  ])('is refused at every door: %s', async (_, name) => {
    const store = await filled();
    for (const call of [
      () => store.ingest({ subjects: [name], owners: [] }, new Uint32Array()),
      () => store.has(name),
      () => store.rowsOf(name),
      () => store.delete(name),
    ]) {
      const { message } = await expectCode(call, 'ERR_INVALID_ARGUMENT');
      expect(message.length).toBeLessThan(300);
    }
  });
});
