import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { loadArrow } from '#lethe/data/arrow';
import { loadCsv } from '#lethe/data/csv';
import { loadNumpy } from '#lethe/data/numpy';
import { loadParquet } from '#lethe/data/parquet';
import type { TableOptions } from '#lethe/data/table';
import type { Dataset } from '#lethe/engine/dataset';
import EXPECTED from '../fixtures/numpy/expected.json' with { type: 'json' };
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const at = (path: string) => new URL(`../fixtures/${path}`, import.meta.url).pathname;

/** The only feature of a row is its place in the file. */
const placesIn = (dataset: Dataset) => [...dataset.normalized(dataset.allRows())];

/** The columns of ids.parquet by scripts/fixtures/make_parquet_types.mjs, in ascending order. */
const GOOD: [column: string, ids: (string | number | bigint)[], places: number[]][] = [
  ['text', ['10', '9', 'a', 'b', '\uffee', '😀'], [4, 5, 1, 0, 2, 3]],
  ['dictionary', ['a', 'b', 'c', 'd', 'e', 'f'], [5, 4, 3, 2, 1, 0]],
  ['int32', [-15, -10, -5, 0, 5, 10], [5, 4, 3, 2, 1, 0]],
  ['int64', [5n, 4n, 3n, 2n, 1n, 0n].map((i) => 2n ** 63n - 1n - i), [5, 4, 3, 2, 1, 0]],
  [
    'uint64',
    [...[4, 3, 2, 1].map((i) => 2 ** 53 - i), 2n ** 53n, 2n ** 53n + 1n],
    [5, 4, 3, 2, 1, 0],
  ],
  ['whole', [-15, -10, -5, 0, 5, 10], [5, 4, 3, 2, 1, 0]],
];

const BAD: [column: string, message: string, code?: LetheErrorCode][] = [
  ['too_large', 'row 3, column too_large is the bigint 9223372036854775808n, not a signed'],
  ['fraction', 'row 2, column fraction is 0.5'],
  ['bool', 'row 1, column bool is true'],
  ['none', 'row 3, column none is empty'],
  ['no_number', 'row 4, column no_number is empty'],
  ['nobody', 'row 2 has no id, its column nobody holds "NULL"'],
  ['blank', 'row 4 has no id, its column blank is empty'],
  ['time', 'the column time h'],
  ['twice', 'rows 2 and 5 both have in column twice the id "b"', 'ERR_DUPLICATE'],
  ['x', 'a column can only be one of label, owner, id and feature', 'ERR_INVALID_ARGUMENT'],
  ['y', 'a column can only be one of label, owner, id and feature', 'ERR_INVALID_ARGUMENT'],
  ['key', 'has no column key', 'ERR_INVALID_ARGUMENT'],
];

describe.each<[string, (id: string, options?: Partial<TableOptions>) => Promise<Dataset>]>([
  [
    'Parquet',
    (id, options) =>
      loadParquet(at('parquet-types/ids.parquet'), {
        ...{ label: 'y', features: ['x'], id, ...options },
      }),
  ],
  [
    'Arrow',
    (id, options) =>
      loadArrow(at('arrow/rust-ids.arrows'), {
        ...{ label: 'y', features: ['x'], id, ...options },
      }),
  ],
])('a column of ids in %s', (_, load) => {
  it.each(GOOD)('%s sorts the rows, and keeps its type', async (column, ids, places) => {
    const dataset = await load(column);
    expect([...dataset.ids]).toEqual(ids);
    expect(placesIn(dataset)).toEqual(places);
    expect([...dataset.labels]).toEqual(places.map((place) => place % 2));
  });

  it.each(BAD)('%s is refused: %s', async (column, message, code = 'ERR_INVALID_DATA') => {
    const error = await expectCode(() => load(column), code);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/ids\.(parquet|arrows)/);
  });

  it('may name a row NULL, and say what else is missing', async () => {
    expect((await load('nobody', { missing: [] })).ids.has('NULL')).toBe(true);
    const error = await expectCode(
      () => load('dictionary', { missing: ['c'] }),
      'ERR_INVALID_DATA',
    );
    expect(error.message).toContain('row 4 has no id, its column dictionary holds "c"');
  });

  it('is no feature unasked', async () => {
    const features = ['x', 'int32', 'int64'];
    const { featureNames } = await load('text', { features });
    expect(featureNames).toEqual(features);
  });
});

describe('an array of ids', () => {
  const load = (id: string, options = {}) =>
    loadNumpy(at('numpy/ids.npz'), { features: 'X', label: 'y', id, ...options });

  it.each(Object.entries(EXPECTED.ids))('%s is what NumPy says', async (id, { ids, rows }) => {
    const dataset = await load(id);
    const isText = ['unicode', 'bytes'].includes(id);
    expect([...dataset.ids].map(String)).toEqual(ids);
    expect([...dataset.ids].every((value) => (typeof value === 'string') === isText)).toBe(true);
    expect(placesIn(dataset)).toEqual(rows);
  });

  it.each<[string, string, LetheErrorCode?]>([
    ['twice', 'rows 1 and 4 both have in column twice the id 7', 'ERR_DUPLICATE'],
    ['twice_text', 'rows 2 and 5 both have in column twice_text the id "bob"', 'ERR_DUPLICATE'],
    ['too_large', 'row 3, column too_large is the bigint 9223372036854775808n, not a signed'],
    ['fractions', 'row 2, column fractions is 0.5'],
    ['infinite', 'row 3, column infinite is Infinity'],
    ['beyond_2_53', 'row 3, column beyond_2_53 is 9007199254740992'],
    ['booleans', 'row 1, column booleans is false'],
    ['nobody', 'row 2 has no id, its column nobody holds "NULL"'],
    ['blank', 'row 2 has no id, its column blank is empty'],
    ['short', 'its shape is (5), but 6 rows of features need one id each'],
    ['matrix', 'its shape is (6, 2), but 6 rows'],
    ['y', 'an array can only be one of features, label, owner and id', 'ERR_INVALID_ARGUMENT'],
    ['key', 'has no array key', 'ERR_INVALID_ARGUMENT'],
  ])('%s is refused: %s', async (id, message, code = 'ERR_INVALID_DATA') => {
    expect((await expectCode(() => load(id), code)).message).toContain(message);
  });

  it('may name a row NULL', async () => {
    expect((await load('nobody', { missing: [] })).ids.has('NULL')).toBe(true);
  });

  it('sorts bytes too, which stay bytes', async () => {
    const affine = { scale: 1, offset: 0 };
    const dataset = await loadNumpy(at('numpy/ids.npz'), {
      ...{ features: 'y', label: 'X', id: 'int64', affine },
    });
    expect(dataset.storage).toBe('bytes');
    expect([...dataset.labels].map((label) => Number(dataset.classNames![label]))).toEqual(
      EXPECTED.ids.int64.rows,
    );
  });
});

describe('ids in a folder of files', () => {
  async function folderOf(files: Record<string, string>) {
    const folder = join(await temporaryFolder(), 'table');
    await mkdir(folder);
    for (const [name, source] of Object.entries(files)) {
      const target = join(folder, name);
      await (name.endsWith('.csv') ? writeFile(target, source) : cp(at(source), target));
    }
    return folder;
  }

  it('sort the rows of all, and are numbers only if all are', async () => {
    const files = { 'a.csv': 'k,x,y\n9,0,a\n10,1,a\n', 'b.csv': 'k,x,y\n-1,2,b\n' };
    const options = { label: 'y', id: 'k' };
    const numbers = await loadCsv(await folderOf(files), options);
    expect([...numbers.ids]).toEqual([-1, 9, 10]);
    expect(placesIn(numbers)).toEqual([2, 0, 1]);
    const texts = await loadCsv(await folderOf({ ...files, 'c.csv': 'k,x,y\nz,3,b\n' }), options);
    expect([...texts.ids]).toEqual(['-1', '10', '9', 'z']);
  });

  it('may not repeat each other: rows are counted over all files', async () => {
    const csv = { 'a.csv': 'k,x,y\n9,0,a\n10,1,a\n', 'b.csv': 'k,x,y\n9,2,b\n' };
    const written = await folderOf(csv);
    const load = () => loadCsv(written, { label: 'y', id: 'k' });
    const { message } = await expectCode(load, 'ERR_DUPLICATE');
    expect(message).toContain('table: rows 1 and 3 both have in column k the id 9');
    for (const [reader, extension, source] of [
      [loadParquet, 'parquet', 'parquet-types/ids.parquet'],
      [loadArrow, 'arrows', 'arrow/rust-ids.arrows'],
    ] as const) {
      const folder = await folderOf({ [`a.${extension}`]: source, [`b.${extension}`]: source });
      const options = { label: 'y', features: ['x'], id: 'int32' };
      const twice = await expectCode(() => reader(folder, options), 'ERR_DUPLICATE');
      expect(twice.message).toContain('table: rows 6 and 12 both have in column int32 the id -15');
    }
  });

  it('are of one kind in all files', async () => {
    const folder = await folderOf({});
    const [x, y] = [
      [1, 2],
      [0, 1],
    ].map((values) => arrow.vectorFromArray(values, new arrow.Float32()));
    for (const [name, k] of [
      ['a', arrow.vectorFromArray([7, 8], new arrow.Int32())],
      ['b', arrow.vectorFromArray(['7', '9'], new arrow.Utf8())],
    ] as const) {
      const table = new arrow.Table({ k, x: x!, y: y! });
      await writeFile(join(folder, `${name}.arrows`), arrow.tableToIPC(table, 'stream'));
    }
    const load = () => loadArrow(folder, { label: 'y', id: 'k' });
    const { message } = await expectCode(load, 'ERR_INVALID_DATA');
    expect(message).toContain(
      'b.arrows: row 1, column k is a text, but the ids before it are whole numbers',
    );
  });

  it('name the file and its row where one is missing', async () => {
    const folder = await folderOf({ 'a.csv': 'k,x,y\n9,0,a\n', 'b.csv': 'k,x,y\n1,0,a\nNA,2,b\n' });
    const load = () => loadCsv(folder, { label: 'y', id: 'k' });
    const { message } = await expectCode(load, 'ERR_INVALID_DATA');
    expect(message).toContain(`${join(folder, 'b.csv')}: row 2 has no id, its column k holds "NA"`);
  });
});
