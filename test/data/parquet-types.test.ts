import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadParquet } from '#lethe/data/parquet';
import { withParquetFile } from '#lethe/data/parquet-file';
import { readParquet } from '#lethe/data/parquet-reader';
import type { TableOptions } from '#lethe/data/table';
import { Dataset } from '#lethe/engine/dataset';
import EXPECTED from '../fixtures/cases/parquet/expected.json' with { type: 'json' };
import { contentsOf } from '../support/contents.js';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const at = (path: string) => new URL(`../fixtures/${path}`, import.meta.url).pathname;
const inThisProcess = async (path: string, options: TableOptions) =>
  contentsOf(new Dataset(await readParquet(path, options)));
const read = (name: string, options: Partial<TableOptions> = {}) =>
  inThisProcess(at(`parquet-types/${name}`), { label: 'y', ...options });

async function refusal(work: () => Promise<unknown>) {
  return (await expectCode(work, 'ERR_INVALID_DATA')).message;
}

/** All cells of a column. */
async function cells(name: string, column: number): Promise<unknown[]> {
  const found: unknown[] = [];
  await withParquetFile(at(`parquet-testing/${name}.parquet`), (file) =>
    file.read(file.columns[column]!, (value) => found.push(value)),
  );
  return found;
}

describe('a Parquet file of DuckDB', () => {
  const load = async (name: string, options: TableOptions) =>
    contentsOf(await loadParquet(at(`cases/parquet/${name}`), options));

  it.each(['owner-dictionary.parquet', 'feature-dictionary.parquet'] as const)(
    '%s is read',
    async (name) => {
      const { options, rows, min, max, owners, ...expected } = EXPECTED[name];
      const { data, ownership } = await load(name, options);
      const features = Float64Array.from(data.features);
      expect(data.rows).toBe(rows);
      expect(features.reduce((a, b) => Math.min(a, b))).toBe(Math.fround(min));
      expect(features.reduce((a, b) => Math.max(a, b))).toBe(Math.fround(max));
      const sum = features.reduce((a, b) => a + b);
      // Each feature is rounded to float32.
      expect(Math.abs(sum - expected['sum of a'])).toBeLessThan(rows * max * 2 ** -24);
      expect(data.labels.filter((label) => label === 0)).toHaveLength(expected['rows of class 0']);
      expect(ownership!.subjects).toHaveLength(owners);
      for (const [row, { a, y, u }] of expected['first 5 rows'].entries()) {
        expect(features[row]).toBe(Math.fround(a));
        expect(data.labels[row]).toBe(y);
        expect(ownership!.subjects[ownership!.owners[row]!]).toBe(u);
      }
    },
  );

  it('has an embedding for as many features', async () => {
    const { options, columns, rows } = EXPECTED['embedding-list.parquet'];
    const { data, featureNames, ownership } = await load('embedding-list.parquet', options);
    expect(data.columns).toBe(columns);
    expect(featureNames).toEqual(['embedding[0]', 'embedding[1]', 'embedding[2]']);
    expect([...data.features]).toEqual(rows.flatMap(({ embedding }) => embedding));
    expect([...data.labels]).toEqual(rows.map(({ y }) => y));
    const owners = [...ownership!.owners].map((owner) => ownership!.subjects[owner]);
    expect(owners).toEqual(rows.map(({ u }) => u));
  });

  it('may have booleans for features', async () => {
    const { options, rows } = EXPECTED['bool-feature.parquet'];
    const { data } = await load('bool-feature.parquet', options);
    expect([...data.features]).toEqual(rows.flatMap(({ a, b }) => [a, b]));
    expect([...data.labels]).toEqual(rows.map(({ y }) => y));
  });
});

describe('the columns of a Parquet file', () => {
  const ROWS = [0, 1, 2, 3, 4, 5];

  it('may be of any numeric type', async () => {
    const { data } = await read('types.parquet', { label: 'label', owner: 'owner' });
    const expected = ROWS.flatMap((i) => [
      ...[(i + 1) % 2, -128 + i, 255 - i, -32768 + i, 65535 - i],
      ...[-(2 ** 31) + 256 * i, 2 ** 32 - 256 * (i + 1), -(2 ** 62) * (i % 2), 2 ** 63 * (i % 2)],
      ...[i / 4, -1.25 * i],
    ]);
    expect([...data.features].map((value) => value + 0)).toEqual(
      expected.map((value) => value + 0),
    );
  });

  it('keep whole numbers beyond 2^53 apart as labels and owners', async () => {
    const { data, classNames, ownership } = await read('types.parquet', {
      label: 'label',
      owner: 'owner',
    });
    expect(classNames).toEqual([
      '9223372036854775805',
      '9223372036854775806',
      '9223372036854775807',
    ]);
    expect([...data.labels]).toEqual([2, 1, 0, 2, 1, 0]);
    expect(ownership!.subjects).toEqual(['18446744073709551614', '18446744073709551615']);
  });

  it.each(['int32', 'int64', 'fixed_length', 'byte_array'])(
    'may be decimals in %s',
    async (type) => {
      expect(await cells(`${type}_decimal`, 0)).toEqual(
        Array.from({ length: 24 }, (_, i) => i + 1),
      );
    },
  );

  it('may have 0 for the place of a dictionary that is not there', async () => {
    expect(await cells('dict-page-offset-zero', 0)).toEqual(Array(39).fill(1552));
  });

  it.each(['lz4_raw_compressed', 'hadoop_lz4_compressed', 'non_hadoop_lz4_compressed'])(
    'may be %s',
    async (name) => {
      expect(await cells(name, 2)).toEqual([42, 7.7, 42.125, 7.7]);
      const { classNames } = await readParquet(at(`parquet-testing/${name}.parquet`), {
        label: 'c0',
        features: ['v11'],
      });
      expect(classNames).toEqual(['1593604800', '1593604801']);
    },
  );

  it('may be in pages of version 2 by Spark', async () => {
    expect(await cells('datapage_v2.snappy', 2)).toEqual([2, 3, 4, 5, 2]);
  });

  it('may be written by hyparquet-writer', async () => {
    const { data, classNames } = await read('hyparquet.parquet');
    const rows = Array.from({ length: 300 }, (_, i) => i);
    expect([...data.features]).toEqual(rows.flatMap((i) => [i / 8, Number(i % 3 === 0)]));
    expect(classNames).toEqual(['class 0', 'class 1', 'class 2', 'class 3']);
    expect([...data.labels]).toEqual(rows.map((i) => i % 4));
  });

  it.each<[string, string, Partial<TableOptions>]>([
    ['structure', 'the column e is nested', {}],
    ['lists-of-lists', 'the column e is nested', {}],
    ['structure', 'the column e is nested', { label: 'e', features: ['y'] }],
    ['lists-plain', 'the column e is nested', { label: 'e', features: ['y'] }],
    ['timestamps', 'the column e holds dates or times (TIMESTAMP): convert them to numbers', {}],
    ['timestamps', 'the column t holds dates or times (TIME)', { features: ['t'] }],
    [
      'timestamps',
      'the column e holds dates or times (TIMESTAMP): convert them to texts',
      { owner: 'e', features: ['x'] },
    ],
    ['index', 'column 3 is __index_level_0__, an index of pandas', {}],
    ['nobody', 'row 3 has no owner, its column u holds "None"', { owner: 'u' }],
    ['lists-of-texts', 'row 1, column e[0] is "a", not a finite number', {}],
    ['lists-null', 'row 6, column e is empty, not a list of numbers', {}],
    ['lists-null-number', 'row 6, column e[1] is empty', {}],
    ['lists-empty', 'row 1, column e is a list of 0 values, but needs at least one', {}],
    ['lists-shorter', 'row 6, column e is a list of 2 values, but needs 3', {}],
    ['lists-longer', 'row 6, column e is a list of 4 values, but needs 3', {}],
    ['lists-swapped', 'row 6, column e is a list of 2 values, but needs 3', {}],
  ])('%s are refused: %s', async (name, message, options) => {
    expect(await refusal(() => read(`${name}.parquet`, options))).toContain(message);
  });

  it('may have an index of pandas that is not used, and owners who are called None', async () => {
    const { data } = await read('index.parquet', { features: ['e'] });
    expect([...data.features]).toEqual([0, 1, 2, 3]);
    const { ownership } = await read('nobody.parquet', { owner: 'u', missing: [] });
    expect(ownership!.subjects).toEqual(['None', 'ada']);
  });
});

describe('lists in a Parquet file', () => {
  const THREE = Array.from({ length: 300 }, (_, i) => [i, i / 2, -i]);

  it.each(['plain', 'fixed', 'pages', 'v2', 'split'])('are as many features, %s', async (kind) => {
    const { data } = await read(`lists-${kind}.parquet`);
    expect(data.columns).toBe(3);
    expect(data.features).toEqual(Float32Array.from(THREE.flat()));
  });

  it('may be without any annotation', async () => {
    expect(await cells('repeated_primitive_no_list', 0)).toEqual([
      [0, 1, 2, 3],
      null,
      [4],
      [5, 6, 7, 8],
    ]);
  });
});

describe('checksums in a Parquet file', () => {
  const options = { label: 'b', features: ['a'] };
  const path = at('parquet-testing/datapage_v1-uncompressed-checksum.parquet');

  it('find a value that has changed', async () => {
    const { data } = await inThisProcess(path, options);
    expect([...data.features.subarray(0, 2)]).toEqual([0x03020100, 0x07060504].map(Math.fround));
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    const changed = join(await temporaryFolder(), 'changed.parquet');
    await writeFile(changed, bytes);
    const message = await refusal(() => readParquet(changed, options));
    expect(message).toContain('the column a is damaged: a page is not as its checksum says');
  });

  it('find a dictionary that has changed', async () => {
    const corrupt = at('parquet-testing/rle-dict-uncompressed-corrupt-checksum.parquet');
    const roles = { label: 'binary_field', features: ['long_field'] };
    expect(await refusal(() => readParquet(corrupt, roles))).toContain('long_field is damaged');
  });
});

describe('a folder of Parquet files', () => {
  it('is read as one table, in order of the names', async () => {
    const { data, ownership, classNames } = contentsOf(
      await loadParquet(at('parquet-types/parts'), { label: 'y', owner: 'u' }),
    );
    expect(data.name).toBe('parts');
    expect(data.features).toEqual(
      Float32Array.from(Array.from({ length: 300 }, (_, i) => [i, i / 2, -i]).flat()),
    );
    expect(classNames).toHaveLength(4);
    expect([...data.labels]).toEqual(Array.from({ length: 300 }, (_, i) => i % 4));
    expect([...ownership!.owners]).toEqual(Array.from({ length: 300 }, (_, i) => i % 7));
  });

  it('with a part of other columns, or other lists, is refused by the part', async () => {
    const folder = join(await temporaryFolder(), 'table');
    await cp(at('parquet-types/lists-plain.parquet'), join(folder, 'a.parquet'));
    await cp(at('parquet-types/index.parquet'), join(folder, 'b.parquet'));
    const load = () => readParquet(folder, { label: 'y' });
    expect(await refusal(load)).toContain(
      'b.parquet: its columns are e, y, __index_level_0__, but',
    );
    await cp(at('parquet-types/lists-longer.parquet'), join(folder, 'b.parquet'));
    expect(await refusal(load)).toContain('b.parquet: row 6, column e is a list of 4 values');
    await cp(at('parquet-types/structure.parquet'), join(folder, 'b.parquet'));
    expect(await refusal(load)).toContain(
      'b.parquet: the column e holds nested values, other than',
    );
  });
});
