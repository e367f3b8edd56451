import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadParquet } from '#lethe/data/parquet';
import { readParquet } from '#lethe/data/parquet-reader';
import type { TableOptions } from '#lethe/data/table';
import { contentsOf } from '../support/contents.js';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FOLDER = new URL('../fixtures/parquet/', import.meta.url);
const fixture = (name: string) => new URL(`${name}.parquet`, FOLDER).pathname;
const load = async (name: string, options: Partial<TableOptions> = {}) =>
  contentsOf(await loadParquet(fixture(name), { label: 'class', ...options }));

/** The files that scripts/fixtures/make_parquet.mjs writes. */
const ROWS = Array.from({ length: 10 }, (_, i) => i);
const FEATURES = Float32Array.from(ROWS.flatMap((i) => [i - 3, i * 2 ** 40, i / 2, i / 3, -i / 7]));

describe.each([
  'uncompressed',
  'snappy',
  'gzip',
  'brotli',
  'zstd',
  'lz4_raw',
  'plain',
  'row-groups',
])('a Parquet file, %s', (kind) => {
  it('is read as float32 features, sorted classes and owners', async () => {
    const { data, classNames, ownership } = await load(`table-${kind}`, { owner: 'owner' });
    expect(data).toEqual({
      name: `table-${kind}.parquet`,
      rows: 10,
      columns: 5,
      classes: 3,
      features: FEATURES,
      labels: Uint32Array.from(ROWS, (i) => [1, 2, 0][i % 3]!),
    });
    expect(classNames).toEqual(['bird', 'cat', 'dog']);
    expect(ownership!.subjects).toEqual(['user-0', 'user-1', 'user-2', 'user-3']);
    expect(ownership!.owners).toEqual(Uint32Array.from(ROWS, (i) => i % 4));
  });

  it('is read with the given columns, in the given order', async () => {
    const { data } = await load(`table-${kind}`, { features: ['double', 'small'] });
    expect(data.features).toEqual(Float32Array.from(ROWS.flatMap((i) => [-i / 7, i - 3])));
  });
});

describe('a Parquet file', () => {
  it('may have a dictionary that is larger than what follows it', async () => {
    const { data, ownership } = await load('long-dictionary', { owner: 'owner' });
    expect(data.features).toEqual(Float32Array.from(ROWS, (i) => i / 2));
    expect(ownership!.subjects).toEqual([0, 1, 2, 3].map((i) => `user-${i}`.padEnd(1000, '.')));
    expect(ownership!.owners).toEqual(Uint32Array.from(ROWS, (i) => i % 4));
  });

  it('that says text, but holds other bytes, is refused: two owners must not become one', async () => {
    const bytes = await readFile(fixture('table-plain'));
    const at = bytes.indexOf('user-1');
    expect(at).toBeGreaterThan(0);
    bytes[at + 5] = 0xff;
    const path = join(await temporaryFolder(), 'altered.parquet');
    await writeFile(path, bytes);
    const read = (owner: string) =>
      readParquet(path, { label: 'class', features: ['half'], owner });
    const { message } = await expectCode(() => read('owner'), 'ERR_INVALID_DATA');
    expect(message).toContain('not valid for encoding utf-8');
    expect((await read('small')).rows).toBe(10);
  });

  it('whose columns lie beyond its end is refused before their memory is allocated', async () => {
    const whole = await readFile(fixture('long-dictionary'));
    const path = join(await temporaryFolder(), 'beyond.parquet');
    // The footer alone: the owners that it refers to were more than it is long.
    const footer = whole.readUInt32LE(whole.length - 8);
    await writeFile(path, whole.subarray(whole.length - 8 - footer));
    const read = () => readParquet(path, { label: 'class', features: ['owner'] });
    const { message } = await expectCode(read, 'ERR_INVALID_DATA');
    expect(message).toContain('beyond its end');
  });

  it('may have a column of ids, which are whole numbers or texts', async () => {
    const options = { features: ['half'], owner: 'owner' };
    const named = await load('table-plain', { ...options, id: 'small' });
    expect(named.ids).toEqual(ROWS.map((i) => i - 3));
    expect(named.featureNames).toEqual(['half']);
    const fractional = () => load('table-plain', { ...options, id: 'double' });
    const error = await expectCode(fractional, 'ERR_INVALID_DATA');
    expect(error.message).toContain('row 2, column double is -0.14');
  });

  it('is refused if an id is given twice', async () => {
    const options = { features: ['half'], id: 'owner' };
    const error = await expectCode(() => load('table-plain', options), 'ERR_DUPLICATE');
    expect(error.message).toContain('rows 1 and 5 both have in column owner the id "user-0"');
  });

  it('may have whole numbers for labels and owners', async () => {
    const { classNames, ownership } = await load('integer-labels', { owner: 'owner' });
    expect(classNames).toEqual(['0', '10', '20']);
    expect(ownership!.subjects).toEqual(['0', '100', '200']);
  });

  it.each<[string, string, Partial<TableOptions>]>([
    ['null-feature', 'row 5, column half is empty', { features: ['half'] }],
    ['null-owner', 'row 5, column owner is empty', { owner: 'owner' }],
    ['binary-owner', 'row 1, column owner is a Uint8Array', { owner: 'owner' }],
    ['nan-feature', 'row 5, column half is NaN', {}],
    ['text-feature', 'row 1, column half is "cat"', {}],
    ['date-feature', 'the column half holds dates or times (DATE): convert them to numbers', {}],
    ['table-plain', 'row 2, column half is 0.5', { label: 'half', features: ['small'] }],
    ['no-rows', 'it has no rows', {}],
  ])('%s is refused: %s', async (name, message, options) => {
    const error = await expectCode(() => load(name, options), 'ERR_INVALID_DATA');
    expect(error.message).toContain(message);
    expect(error.message).toContain(`${name}.parquet`);
  });

  it('may have lists of numbers and booleans for features', async () => {
    const { data } = await load('nested');
    expect(data.features).toEqual(Float32Array.from(ROWS.flatMap((i) => [i / 2, i, i])));
    const booleans = await load('boolean-feature');
    expect(booleans.data.features).toEqual(Float32Array.from(ROWS, (i) => Number(i > 4)));
  });

  it.each<[string, Partial<TableOptions>]>([
    ['a label column that is not there', { label: 'colour' }],
    ['a feature that is not there', { features: ['colour'] }],
    ['one column for two things', { owner: 'class' }],
    ['no features', { features: [] }],
    ['a number for an owner', { owner: wrong(7) }],
  ])('is not read with %s', async (_, options) => {
    await expectCode(() => load('table-plain', options), 'ERR_INVALID_ARGUMENT');
  });

  it('is refused if cut off anywhere', async () => {
    const whole = await readFile(fixture('table-snappy'));
    const path = join(await temporaryFolder(), 'cut.parquet');
    for (let length = 0; length < whole.length; length += 50) {
      await writeFile(path, whole.subarray(0, length));
      await expectCode(() => readParquet(path, { label: 'class' }), 'ERR_INVALID_DATA');
      await writeFile(path, whole.subarray(length + 1));
      await expectCode(() => readParquet(path, { label: 'class' }), 'ERR_INVALID_DATA');
    }
  });

  it('that crashes the process that reads it is refused', async () => {
    const bytes = await readFile(fixture('table-uncompressed'));
    // The first column's definition levels are a run of 10 ones, in 2 bytes; make it a run of 2^30.
    const levels = bytes.indexOf(Buffer.of(2, 0, 0, 0, 20, 1));
    expect(levels).toBeGreaterThan(0);
    Buffer.of(0x80, 0x80, 0x80, 0x80, 0x08, 1).copy(bytes, levels + 4);
    const path = join(await temporaryFolder(), 'bomb.parquet');
    await writeFile(path, bytes);
    const error = await expectCode(() => loadParquet(path, { label: 'class' }), 'ERR_INVALID_DATA');
    expect(error.message).toContain('its reader has ended');
  });

  it('that needs more memory than available is refused with the required amount', async () => {
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(100);
    const read = () => readParquet(fixture('table-plain'), { label: 'class' });
    const error = await expectCode(read, 'ERR_OUT_OF_MEMORY');
    expect(error.message).toMatch(/needs about 1 MiB of memory/);
    available.mockRestore();
  });

  it('that cannot be read has its own error code', async () => {
    const folder = await temporaryFolder();
    for (const path of [folder, join(folder, 'missing')]) {
      await expectCode(() => loadParquet(path, { label: 'x' }), 'ERR_IO');
    }
  });
});
