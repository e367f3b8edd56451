import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type CsvOptions, loadCsv } from '#lethe/data/csv';
import { contentsOf } from '../support/contents.js';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

async function written(contents: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'flowers.csv');
  await writeFile(path, contents);
  return path;
}

const load = async (contents: string | Uint8Array, options: Partial<CsvOptions> = {}) =>
  contentsOf(await loadCsv(await written(contents), { label: 'kind', ...options }));

const FLOWERS = `width,kind,owner,height
1.5,tulip,ada,-2
.25,rose,bob,1e2
3,tulip,ada,0.1
`;

describe('a CSV file', () => {
  it('is read as float32 features, sorted classes and owners', async () => {
    const { data, classNames, ownership } = await load(FLOWERS, { owner: 'owner' });
    expect(data).toEqual({
      name: 'flowers.csv',
      rows: 3,
      columns: 2,
      classes: 2,
      features: Float32Array.of(1.5, -2, 0.25, 100, 3, 0.1),
      labels: Uint32Array.of(1, 0, 1),
    });
    expect(classNames).toEqual(['rose', 'tulip']);
    expect(ownership).toEqual({ subjects: ['ada', 'bob'], owners: Uint32Array.of(0, 1, 0) });
  });

  it('has the names of its columns, and its rows in ascending order of id', async () => {
    const text = 'key,width,kind\n10,1,a\n9,2,b\n-3,3,a\n';
    const { data, ids, featureNames } = await load(text, { id: 'key' });
    expect(featureNames).toEqual(['width']);
    expect(ids).toEqual([-3, 9, 10]);
    expect(data.features).toEqual(Float32Array.of(3, 2, 1));
    expect(data.labels).toEqual(Uint32Array.of(0, 1, 0));
  });

  it.each<[string, string[], unknown[]]>([
    ['texts, if one is', ['10', '9', 'x'], ['10', '9', 'x']],
    ['texts, if one has leading zeros', ['10', '007'], ['007', '10']],
    [
      'texts, if one has more than 64 bits',
      ['9223372036854775808', '1'],
      ['1', '9223372036854775808'],
    ],
    ['whole numbers of 64 bits', ['9223372036854775807', '17'], [17, 2n ** 63n - 1n]],
  ])('has ids that are %s', async (_, written, expected) => {
    const text = `key,x,kind\n${written.map((id) => `${id},1,a`).join('\n')}\n`;
    expect((await load(text, { id: 'key' })).ids).toEqual(expected);
  });

  it('is refused if a row has no id, or that of another', async () => {
    const missing = await expectCode(
      () => load('key,x,kind\n,1,a\n', { id: 'key' }),
      'ERR_INVALID_DATA',
    );
    expect(missing.message).toContain('row 1 has no id, its column key is empty');
    const twice = 'key,x,kind\n5,1,a\n7,1,a\n5,1,b\n';
    const error = await expectCode(() => load(twice, { id: 'key' }), 'ERR_DUPLICATE');
    expect(error.message).toContain('flowers.csv: rows 1 and 3 both have in column key the id 5');
    await expectCode(() => load(twice, { id: 'kind', owner: 'kind' }), 'ERR_INVALID_ARGUMENT');
  });

  it('is read with the given columns, in the given order', async () => {
    const { data, ownership } = await load(FLOWERS, { features: ['height', 'width'] });
    expect(data.features).toEqual(Float32Array.of(-2, 1.5, 100, 0.25, 0.1, 3));
    expect(ownership).toBeUndefined();
  });

  it('can be read with the classes of another file', async () => {
    const classNames = ['tulip', 'lily', 'rose'];
    const { data } = await load(FLOWERS, { classNames, features: ['width'] });
    expect(data.labels).toEqual(Uint32Array.of(0, 2, 0));
    expect(data.classes).toBe(3);
    const fewer = { classNames: ['rose'], features: ['width'] };
    const error = await expectCode(() => load(FLOWERS, fewer), 'ERR_INVALID_DATA');
    expect(error.message).toContain('"tulip" is not one of rose');
  });

  it('has its labels sorted by value if all are whole numbers, else as texts', async () => {
    const rows = (...labels: string[]) => `x,kind\n${labels.map((l) => `1,${l}`).join('\n')}`;
    expect((await load(rows('10', '9', '-1', '9'))).classNames).toEqual(['-1', '9', '10']);
    expect((await load(rows('10', '9', 'b'))).classNames).toEqual(['10', '9', 'b']);
  });

  it.each([
    ['a byte order mark', `\ufeff${FLOWERS}`, {}],
    ['carriage returns', FLOWERS.replaceAll('\n', '\r\n'), {}],
    ['no last line end', FLOWERS.trimEnd(), {}],
    ['empty lines', FLOWERS.replaceAll('\n', '\n\n'), {}],
    ['quotes', FLOWERS.replaceAll(/[^,\n]+/g, '"$&"'), {}],
    ['semicolons', FLOWERS.replaceAll(',', ';'), { delimiter: ';' }],
    ['gzip', gzipSync(FLOWERS), {}],
  ])('may have %s', async (_, contents, options) => {
    const expected = await load(FLOWERS, { owner: 'owner' });
    expect(await load(contents, { owner: 'owner', ...options })).toEqual(expected);
  });

  it('does not count a byte order mark to the name of the first column', async () => {
    const marked = `\ufeff${FLOWERS}`;
    const { data } = await load(marked, { features: ['width'] });
    expect(data.features).toEqual(Float32Array.of(1.5, 0.25, 3));
    const labelFirst = '\ufeffkind,x\ntulip,1\n';
    expect((await load(labelFirst)).classNames).toEqual(['tulip']);
  });

  it('may have anything in a quoted text, and a row of any size', async () => {
    const name = 'a "b", c\nö';
    const long = `${'y'.repeat(300_000)}`;
    const text = `x,kind,owner\n1,"${name.replaceAll('"', '""')}",${long}\n`;
    const { classNames, ownership } = await load(text, { owner: 'owner' });
    expect(classNames).toEqual([name]);
    expect(ownership!.subjects).toEqual([long]);
  });

  it('gives back any table of numbers exactly', async () => {
    const cell = fc.float({ noNaN: true, noDefaultInfinity: true });
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) =>
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1 }),
      );
    const path = await written('');
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const head = rows[0]!.map((_, i) => `c${i}`);
        await writeFile(path, [[...head, 'kind'], ...rows.map((row) => [...row, 1])].join('\n'));
        const { data } = contentsOf(await loadCsv(path, { label: 'kind' }));
        // A negative zero loses its sign in decimals.
        expect(data.features).toEqual(Float32Array.from(rows.flat(), (value) => value + 0));
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it.each([
    ['a text among numbers', '1,a\nx1,b', 'row 2, column x is "x1", not a finite number'],
    ['an empty cell', '1,a\n,b', 'row 2, column x is empty: leave the row out'],
    ['a blank cell', '1,a\n" ",b', 'row 2'],
    ['infinity', 'Infinity,a', 'row 1'],
    ['a number beyond float32', '1e39,a', 'row 1'],
    ['not a number', 'NaN,a', 'row 1'],
    ['a hexadecimal number', '0x10,a', 'row 1'],
    ['an empty label', '1,', 'row 1 has no label'],
    ['a short row', '1,a\n2', 'Invalid Record Length'],
    ['a long row', '1,a\n2,b,c', 'Invalid Record Length'],
    ['an open quote', '1,"a\n2,b', 'Quote Not Closed'],
    ['no rows', '', 'it has no rows'],
  ])('with %s is refused', async (_, rows, message) => {
    const error = await expectCode(() => load(`x,kind\n${rows}\n`), 'ERR_INVALID_DATA');
    expect(error.message).toContain(message);
    expect(error.message).toContain('flowers.csv');
  });

  it.each([
    ['no name', 'x,,kind\n1,2,a', 'column 2 has no name'],
    ['one name', 'x,x,kind\n1,2,a', 'two columns have the name x'],
    ["pandas' name for none", 'Unnamed: 0,x,kind\n0,1,a', 'column 1 is Unnamed: 0, an index of'],
  ])('whose columns have %s is refused', async (_, contents, message) => {
    const error = await expectCode(() => load(contents), 'ERR_INVALID_DATA');
    expect(error.message).toContain(message);
  });

  it('without an owner in a row is refused', async () => {
    const contents = 'x,kind,owner\n1,a,ada\n2,b,\n';
    const error = await expectCode(() => load(contents, { owner: 'owner' }), 'ERR_INVALID_DATA');
    expect(error.message).toContain('row 2 has no owner');
  });

  it.each([
    ['nothing', ''],
    ['bytes that are not UTF-8', Buffer.from([0x78, 0x2c, 0xff, 0xfe, 0x0a])],
    ['a character cut in two', Buffer.from('x,kind\n1,ö').subarray(0, -1)],
    ['a broken gzip stream', gzipSync(FLOWERS).subarray(0, 30)],
    ['one endless row', 'x'.repeat(2 ** 24 + 10)],
  ])('of %s is refused', async (_, contents) => {
    await expectCode(() => load(contents), 'ERR_INVALID_DATA');
  });

  it.each<[string, Partial<CsvOptions>]>([
    ['a label column that is not there', { label: 'colour' }],
    ['an owner column that is not there', { owner: 'colour' }],
    ['a feature that is not there', { features: ['width', 'colour'] }],
    ['a feature twice', { features: ['width', 'width'] }],
    ['the label as a feature', { features: ['width', 'kind'] }],
    ['one column for two things', { owner: 'kind' }],
    ['no features', { features: [] }],
    ['a class twice', { classNames: ['rose', 'rose'] }],
    ['a long delimiter', { delimiter: '||' }],
    ['a quote for a delimiter', { delimiter: '"' }],
    ['a number for a label', { label: wrong(7) }],
    ['a text for features', { features: wrong('width') }],
  ])('is not read with %s', async (_, options) => {
    await expectCode(() => load(FLOWERS, options), 'ERR_INVALID_ARGUMENT');
  });

  it('that does not exist has its own error code', async () => {
    const path = join(await temporaryFolder(), 'missing.csv');
    await expectCode(() => loadCsv(path, { label: 'kind' }), 'ERR_IO');
  });

  it('that needs more memory than available is refused with the required amount', async () => {
    const row = `${'0.5,'.repeat(100)}a\n`;
    const head = `${Array.from({ length: 100 }, (_, i) => `c${i}`).join()},kind\n`;
    const contents = head + row.repeat(20_000);
    // 2 million values of 4 bytes, 2.5 times.
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(15e6);
    const error = await expectCode(() => load(contents), 'ERR_OUT_OF_MEMORY');
    expect(error.message).toMatch(/flowers.csv needs about 20 MiB of memory, but 15 MiB/);
    available.mockReturnValue(60e6);
    expect((await load(contents)).data.rows).toBe(20_000);
    available.mockRestore();
  });

  it('with an endless row is refused', async () => {
    const endless = gzipSync(`width,kind\n${','.repeat(2 ** 26)}`, { level: 1 });
    const error = await expectCode(() => load(endless), 'ERR_INVALID_DATA');
    expect(error.message).toContain('characters');
  });

  it('may have very many columns', async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `gene${i}`);
    const { data } = await load(`kind,${names}\na,${names.map(() => 1)}\n`);
    expect(data.columns).toBe(50_000);
  });
});
