import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { loadArrow } from '#lethe/data/arrow';
import { readArrow } from '#lethe/data/arrow-reader';
import { type CsvOptions, loadCsv } from '#lethe/data/csv';
import { loadNumpy } from '#lethe/data/numpy';
import { loadParquet } from '#lethe/data/parquet';
import { readParquet } from '#lethe/data/parquet-reader';
import type { TableOptions } from '#lethe/data/table';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const at = (name: string) => new URL(`../fixtures/${name}`, import.meta.url).pathname;

async function load(contents: string, options: Partial<CsvOptions> = {}) {
  const path = join(await temporaryFolder(), 'table.csv');
  await writeFile(path, contents);
  return loadCsv(path, { label: 'y', ...options });
}

const refusal = async (work: () => Promise<unknown>) =>
  (await expectCode(work, 'ERR_INVALID_DATA')).message;

/** The raw values of a CSV file's only feature. */
async function valuesOf(contents: string, options: Partial<CsvOptions>) {
  const dataset = await load(contents, options);
  return { values: [...dataset.stored(dataset.allRows())], encoding: dataset.encoding![0]! };
}

describe('a table whose features are not encoded', () => {
  it.each([
    ['', 'row 2, column age is empty: leave the row out, or give'],
    ['" "', 'row 2, column age is empty: leave the row out, or give'],
    ['NULL', 'row 2, column age holds "NULL": leave the row out, or give'],
    ['NaN', 'row 2, column age holds "NaN": leave the row out, or give'],
  ])('is refused with a missing value %j, and told how to take it', async (text, message) => {
    const found = await refusal(() => load(`age,y\n1,a\n${text},b`));
    expect(found).toContain(`${message} encode: {columns: {age: {missing: 'mean'}}}`);
    const encode = { columns: { age: { missing: 'mean' } } } as const;
    expect((await valuesOf(`age,y\n1,a\n${text},b`, { encode })).values).toEqual([1, Number.NaN]);
  });

  it('is refused with a text, and told how to take it', async () => {
    const found = await refusal(() => load('x y,y\nred,a'));
    expect(found).toContain('row 1, column x y is "red", not a finite number: leave the row out');
    expect(found).toContain(
      `or, if it is a category, give encode: {columns: {"x y": {categories: 'found'}}}`,
    );
    // A number in another format, or beyond float32, is no category.
    for (const text of ['"1,5"', 'Infinity', '1e400'])
      expect(await refusal(() => load(`x,y\n${text},a`))).not.toContain('category');
  });

  it.each<[string, string, Partial<TableOptions>]>([
    ['null-feature', 'row 5, column half is empty', {}],
    ['nan-feature', 'row 5, column half is NaN', {}],
  ])('%s in Parquet is refused: %s', async (name, message, options) => {
    const read = () =>
      readParquet(at(`parquet/${name}.parquet`), {
        label: 'class',
        features: ['half'],
        ...options,
      });
    const remedy = "leave the row out, or give encode: {columns: {half: {missing: 'mean'}}}";
    expect(await refusal(read)).toContain(`${message}: ${remedy}`);
  });

  it('is refused with texts in Parquet and Arrow, and told how to take them', async () => {
    const parquet = () => loadParquet(at('parquet/text-feature.parquet'), { label: 'class' });
    expect(await refusal(parquet)).toContain("encode: {columns: {half: {categories: 'found'}}}");
    const texts = { label: 'y', features: ['text'] };
    const found = await refusal(() => loadArrow(at('arrow/bad.arrow'), texts));
    expect(found).toContain('the column text has the type Utf8View');
    expect(found).toContain("encode: {columns: {text: {categories: 'found'}}}");
  });

  it('is refused with NaN in an array', async () => {
    const read = () => loadNumpy(at('numpy/bad.npz'), { features: 'nan', label: 'y' });
    expect(await refusal(read)).toContain(
      "row 4, column nan[1] is NaN: leave the row out, or give encode: {columns: {nan: {missing: 'mean'}}}",
    );
  });
});

describe('a table whose features are encoded', () => {
  const country = { categories: ['AT', 'DE'] } as const;

  it('is refused with a category that is none, by row and column', async () => {
    const found = await refusal(() =>
      load('country,y\nAT,a\nFR,b', { encode: { columns: { country } } }),
    );
    expect(found).toMatch(
      /table.csv: row 2, column country is "FR", but must be one of AT, DE, or unknown: 'none'/,
    );
    const encode = { columns: { country: { ...country, unknown: 'none' as const } } };
    expect((await valuesOf('country,y\nAT,a\nFR,b', { encode })).values).toEqual([0, 2]);
  });

  it('is refused with a missing value that may not be there, by row and column', async () => {
    const table = 'country,y\nAT,a\n,b';
    const given = await refusal(() => load(table, { encode: { columns: { country } } }));
    expect(given).toContain('row 2, column country is empty: leave the row out, or give encode');
    expect(given).toContain("{country: {categories: [...], missing: 'none'}}");
    const encode = { columns: { country: { categories: 'found' as const } } };
    const found = await refusal(() => load(table, { encode }));
    expect(found).toContain("{country: {categories: 'found', missing: 'none'}}");
    const other = await load('country,y\nAT,a', { encode });
    const again = await refusal(() => load(table, { encode: other.encoding! }));
    expect(again).toContain("missing: 'none'}}} where the training rows are read");
    const plain = await refusal(() => load('x,y\n,a', { encode: {} }));
    expect(plain).toContain(
      'row 1, column x is empty: leave the row out, or give encode: {columns',
    );
  });

  it('may have a category that is called like what is missing', async () => {
    const encode = { columns: { country: { categories: ['DE', 'NA'] } } };
    const found = await refusal(() => load('country,y\nNA,a', { encode }));
    expect(found).toContain('holds "NA": leave the row out, or give encode');
    expect(found).toContain('or, if this is a category, list with the option missing');
    expect((await valuesOf('country,y\nNA,a', { encode, missing: [] })).values).toEqual([1]);
  });

  it('has what `missing` says for missing, only where values may be missing', async () => {
    const table = 'x,y\n-999,a\n1,b';
    const missing = ['-999', 'none'];
    const encode = { columns: { x: { missing: 0 } } };
    expect((await valuesOf(table, { missing, encode })).values).toEqual([Number.NaN, 1]);
    expect((await valuesOf(table, { missing, encode: {} })).values).toEqual([-999, 1]);
    const named = await valuesOf('x,y\nNA,a\n,b\nnone,b', {
      ...{ missing, encode: { columns: { x: { categories: 'found', missing: 'none' } } } },
    });
    expect(named.values).toEqual([0, Number.NaN, Number.NaN]);
    expect(named.encoding).toMatchObject({ categories: ['NA'] });
  });

  it('has categories as labels are: as they are written, or numbers by value', async () => {
    const encode = { columns: { x: { categories: 'found' } } } as const;
    const texts = await valuesOf('x,y\n"b ",a\nb,a\n10,b', { encode });
    expect(texts.encoding).toMatchObject({ categories: ['10', 'b', 'b '] });
    expect(texts.values).toEqual([2, 1, 0]);
    const numbers = await valuesOf('x,y\n10.0,a\n2,a\n 2.0,b\n1.0e1,b', { encode });
    expect(numbers.encoding).toMatchObject({ categories: ['2', '10'] });
    expect(numbers.values).toEqual([1, 0, 0, 1]);
    const wholes = await valuesOf('x,y\n2.0,a\n10.0,a\n-0.0,b', { encode });
    expect(wholes.encoding).toMatchObject({ categories: ['0', '2', '10'] });
    const commas = { decimal: ',', thousands: '.', delimiter: ';', encode } as const;
    const european = await valuesOf('x;y\n1.000;a\n2,50;a', commas);
    expect(european.encoding).toMatchObject({ categories: ['2.50', '1000'] });
    const codes = await valuesOf('x,y\n007,a\n01,b', { encode });
    expect(codes.encoding).toMatchObject({ categories: ['01', '007'] });
  });

  it('is refused where a column has no category, or nothing but free text', async () => {
    const encode = { columns: { x: { categories: 'found', missing: 'none' } } } as const;
    expect(await refusal(() => load('x,y\n,a\n,b', { encode }))).toContain(
      'the column x has no category: its value is missing in all rows',
    );
    const text = 'lorem ipsum '.repeat(80_000);
    const rows = Array.from({ length: 18 }, (_, row) => `${row} ${text},a`);
    const found = await refusal(() => load(`x,y\n${rows.join('\n')}`, { encode }));
    expect(found).toContain('the column x has categories of more than 16777216 characters in all');
    expect(found).toContain('leave it out with the option features');
  });

  it('is refused where a text stands among numbers', async () => {
    const encode = { numbers: { missing: 'mean' } } as const;
    const read = () => load('x,y\n1,a\nred,b', { encode });
    expect(await refusal(read)).toContain('row 2, column x is "red", not a finite number');
    const texts = { label: 'y', features: ['text'], encode };
    const found = await refusal(() => readArrow(at('arrow/bad.arrow'), texts));
    expect(found).toContain('row 1, column text is "a", not a finite number');
    const dates = { label: 'y', features: ['when'], encode };
    expect(await refusal(() => readArrow(at('arrow/bad.arrow'), dates))).toContain('the type');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'mean'],
    ['an option that nobody knows', { number: {} }],
    ['a column that is not there', { columns: { z: {} } }],
    ['the label', { columns: { y: { categories: 'found' } } }],
    ['an element of no list', { columns: { 'x[0]': {} } }],
    ['an option of a column that nobody knows', { columns: { x: { fill: 1 } } }],
    ['a filling that is none', { columns: { x: { missing: 'median' } } }],
    ['categories that are none', { columns: { x: { categories: 'all' } } }],
    ['a category twice', { columns: { x: { categories: ['a', 'a'] } } }],
    ['nothing for a column', { columns: { x: null } }],
    ['the encoding of more columns', [{ kind: 'number' }, { kind: 'number' }]],
    ['the encoding of no column', []],
    ['the encoding of another kind', [{ kind: 'text' }]],
  ])('is not read with %s for encode', async (_, encode) => {
    const options = { encode: wrong(encode) };
    await expectCode(() => load('x,y\n1,a', options), 'ERR_INVALID_ARGUMENT');
    const parquet = { label: 'class', features: ['small'], ...options };
    const table = at('parquet/table-plain.parquet');
    await expectCode(() => loadParquet(table, parquet), 'ERR_INVALID_ARGUMENT');
  });

  it('is read by what encode said when it was called', async () => {
    const columns = { half: { missing: 'mean' } as { missing: 'mean' | number } };
    const options = { label: 'class', features: ['half'], encode: { columns } };
    const reading = loadParquet(at('parquet/null-feature.parquet'), options);
    columns.half.missing = 7;
    options.features.push('owner');
    expect((await reading).encoding).toEqual([
      { kind: 'number', missing: 'mean', indicator: true, standardize: false },
    ]);
  });

  it('may have a column of any name', async () => {
    const encode = JSON.parse('{"columns": {"__proto__": {"categories": "found"}}}');
    const { encoding } = await load('__proto__,y\nred,a', { encode });
    expect(encoding![0]).toMatchObject({ categories: ['red'] });
  });
});

describe('columns of typed files', () => {
  const ROWS = [0, 1, 2, 3];
  const table = new arrow.Table({
    dictionary: arrow.vectorFromArray(['b', null, 'a', 'b']),
    text: arrow.vectorFromArray(['b', 'NULL', '', 'a'], new arrow.Utf8()),
    bool: arrow.vectorFromArray([true, null, false, true], new arrow.Bool()),
    int: arrow.vectorFromArray([10, null, 9, 10], new arrow.Int32()),
    long: arrow.vectorFromArray([2n ** 53n + 1n, null, 2n ** 53n, 5n], new arrow.Int64()),
    float: arrow.vectorFromArray([1, Number.NaN, null, 2], new arrow.Float32()),
    list: arrow.vectorFromArray(
      [
        ['x', ''],
        ['y', 'x'],
        ['x', ''],
        ['z', 'y'],
      ],
      new arrow.List(new arrow.Field('item', new arrow.Utf8())),
    ),
    y: arrow.vectorFromArray(ROWS, new arrow.Int32()),
  });

  const read = (column: string, options: object = {}) =>
    readWith(column, { categories: 'found', missing: 'none', ...options });

  async function readWith(column: string, options: object) {
    const path = join(await temporaryFolder(), 'typed.arrows');
    await writeFile(path, arrow.tableToIPC(table, 'stream'));
    const encode = { columns: { [column]: wrong(options) } };
    return readArrow(path, { label: 'y', features: [column], encode });
  }

  it.each([
    ['dictionary', ['a', 'b'], [1, Number.NaN, 0, 1]],
    ['text', ['a', 'b'], [1, Number.NaN, Number.NaN, 0]],
    ['bool', ['false', 'true'], [1, Number.NaN, 0, 1]],
    ['int', ['9', '10'], [1, Number.NaN, 0, 1]],
    ['long', ['5', '9007199254740992', '9007199254740993'], [2, Number.NaN, 1, 0]],
    ['float', ['1', '2'], [0, Number.NaN, Number.NaN, 1]],
  ])('of type %s may be categories', async (column, categories, values) => {
    const { features, encoding } = await read(column);
    expect([...features]).toEqual(values);
    expect(encoding![0]).toMatchObject({ categories });
    const again = await read(column, { categories });
    expect([...again.features]).toEqual(values);
  });

  it('may be lists of categories, each of whose elements has its own', async () => {
    const { features, encoding, featureNames } = await read('list');
    expect(featureNames).toEqual(['list[0]', 'list[1]']);
    expect(encoding!.map((column) => column.kind === 'category' && column.categories)).toEqual([
      ['x', 'y', 'z'],
      ['x', 'y'],
    ]);
    expect([...features]).toEqual([0, Number.NaN, 1, 0, 0, Number.NaN, 2, 1]);
  });

  it('may be numbers with missing values', async () => {
    for (const column of ['int', 'float', 'bool']) {
      const { features } = await readWith(column, { missing: 'mean' });
      expect(features[1]).toBeNaN();
    }
  });

  it('whose categories are not UTF-8 are refused: two must not become one', async () => {
    const bytes = Buffer.from(arrow.tableToIPC(table.select(['text', 'y']), 'stream'));
    bytes[bytes.indexOf('bNULLa')] = 0xff;
    const path = join(await temporaryFolder(), 'altered.arrows');
    await writeFile(path, bytes);
    const encode = { columns: { text: { categories: 'found', missing: 'none' } } } as const;
    expect(await refusal(() => readArrow(path, { label: 'y', encode }))).toContain(
      'row 1, column text is not text in UTF-8',
    );
  });

  it('may be the same kind in all parts only', async () => {
    const folder = await temporaryFolder();
    const part = (x: arrow.Vector) =>
      arrow.tableToIPC(
        new arrow.Table({ x, y: arrow.vectorFromArray([1], new arrow.Int32()) }),
        'stream',
      );
    const item = new arrow.Field('item', new arrow.Float32());
    const single = arrow.vectorFromArray([1], new arrow.Float32());
    const list = arrow.vectorFromArray([[1, 2]], new arrow.List(item));
    await writeFile(join(folder, 'a.arrows'), part(list));
    await writeFile(join(folder, 'b.arrows'), part(single));
    const read = () => readArrow(folder, { label: 'y' });
    expect(await refusal(read)).toMatch(/b.arrows: the column x has the type Float32/);
  });
});

describe('an array of features', () => {
  it('may have NaN for missing, and categories by value', async () => {
    const encode = { columns: { nan: { categories: 'found', missing: 'none' } } } as const;
    const dataset = await loadNumpy(at('numpy/bad.npz'), { features: 'nan', label: 'y', encode });
    expect(dataset.encoding![1]).toMatchObject({ categories: ['1'] });
    expect(dataset.stored([3])).toEqual(Float32Array.of(0, Number.NaN));
  });

  it('may have booleans and large whole numbers for categories', async () => {
    const load = (features: string) =>
      loadNumpy(at('numpy/good.npz'), {
        ...{
          features,
          label: 'uint8',
          encode: { columns: { [features]: { categories: 'found' } } },
        },
      });
    const booleans = await load('booleans');
    expect(booleans.encoding![0]).toMatchObject({ categories: ['false', 'true'] });
    expect((await load('int64')).encoding![0]).toMatchObject({
      categories: ['-9223372036854775808', '0', '9', '10', '9223372036854775807'],
    });
  });

  it('is not encoded where it stays bytes, and holds no texts', async () => {
    const bytes = { features: 'little_u1', label: 'int64', affine: { scale: 1, offset: 0 } };
    const read = () => loadNumpy(at('numpy/good.npz'), { ...bytes, encode: {} });
    await expectCode(read, 'ERR_INVALID_ARGUMENT');
    const texts = () => loadNumpy(at('numpy/bad.npz'), { features: 'nobody', label: 'y' });
    expect(await refusal(texts)).toContain('save categories as numbers');
  });
});
