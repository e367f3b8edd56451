import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { describe, expect, it, vi } from 'vitest';
import { loadArrow } from '#lethe/data/arrow';
import { readArrow } from '#lethe/data/arrow-reader';
import type { TableOptions } from '#lethe/data/table';
import { Dataset } from '#lethe/engine/dataset';
import { contentsOf } from '../support/contents.js';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const at = (name: string) => new URL(`../fixtures/arrow/${name}`, import.meta.url).pathname;
const read = async (name: string, options: Partial<TableOptions> = {}) =>
  contentsOf(new Dataset(await readArrow(at(name), { label: 'y', ...options })));
const refusal = async (name: string, options: Partial<TableOptions> = {}) =>
  (await expectCode(() => read(name, options), 'ERR_INVALID_DATA')).message;

/** What scripts/fixtures/make_arrow.mjs writes. */
const ROWS = Array.from({ length: 300 }, (_, i) => i);
const FEATURES = Float32Array.from(ROWS.flatMap((i) => [i / 8, i, i / 2, -i, Number(i % 3 === 0)]));

describe.each([
  ...['polars-uncompressed.arrow', 'polars-lz4.arrow', 'polars-zstd.arrow'],
  ...['polars-uncompressed.arrows', 'polars-lz4.arrows', 'polars-zstd.arrows', 'parts'],
])('Arrow by Polars, %s', (name) => {
  it('is read as float32 features, sorted classes and owners', async () => {
    const { data, featureNames, classNames, ownership } = contentsOf(
      await loadArrow(at(name), { label: 'y', owner: 'u' }),
    );
    expect(data.name).toBe(name);
    expect(data.features).toEqual(FEATURES);
    expect(featureNames).toEqual(['x', 'e[0]', 'e[1]', 'e[2]', 'b']);
    expect(classNames).toEqual(['class 0', 'class 1', 'class 2', 'class 3']);
    expect([...data.labels]).toEqual(ROWS.map((i) => i % 4));
    expect(ownership!.subjects).toEqual(ROWS.slice(0, 7).map((i) => `user ${i}`));
    expect([...ownership!.owners]).toEqual(ROWS.map((i) => i % 7));
  });

  it('is read with the given columns, in the given order', async () => {
    const { data } = await read(name, { features: ['b', 'x'] });
    expect(data.features).toEqual(
      Float32Array.from(ROWS.flatMap((i) => [Number(i % 3 === 0), i / 8])),
    );
  });
});

describe('Arrow', () => {
  it("may hold any numeric type, as Apache's Rust implementation writes it", async () => {
    const { data, classNames, ownership } = await read('rust-types.arrows', {
      label: 'label',
      owner: 'owner',
    });
    const expected = ROWS.slice(0, 6).flatMap((i) => [
      ...[(i + 1) % 2, -128 + i, 255 - i, -32768 + i, 65535 - i],
      ...[-(2 ** 31) + 256 * i, 2 ** 32 - 256 * (i + 1), -(2 ** 62) * (i % 2), 2 ** 63 * (i % 2)],
      ...[i / 4, -1.25 * i],
    ]);
    expect([...data.features].map((value) => value + 0)).toEqual(
      expected.map((value) => value + 0),
    );
    expect(classNames).toEqual([
      '9223372036854775805',
      '9223372036854775806',
      '9223372036854775807',
    ]);
    expect(ownership!.subjects).toEqual(['18446744073709551614', '18446744073709551615']);
  });

  it('may hold lists of a fixed size', async () => {
    const { data } = await read('rust-lists-fixed.arrows');
    expect(data.features).toEqual(Float32Array.from(ROWS.flatMap((i) => [i, i / 2, -i])));
  });

  it.each<[string, string, Partial<TableOptions>]>([
    ['bad.arrow', 'row 2, column x is empty: leave the row out', { features: ['x'] }],
    [
      'bad.arrow',
      'row 3, column ragged is a list of 1 values, but needs 2',
      { features: ['ragged'] },
    ],
    ['bad.arrow', 'row 2, column holes is empty, not a list of numbers', { features: ['holes'] }],
    ['bad.arrow', 'the column when has the type Timestamp<MILLISECOND>', { features: ['when'] }],
    ['bad.arrow', 'the column text has the type Utf8View', { features: ['text'] }],
    ['bad.arrow', 'the column when has the type', { features: ['good'], label: 'when' }],
    ['bad.arrow', 'row 2, column y is empty, not a text', { features: ['good'] }],
    [
      'bad.arrow',
      'row 3 has no owner, its column nobody holds "NULL"',
      { features: ['good'], label: 'text', owner: 'nobody' },
    ],
    ['rust-structure.arrows', 'the column e has the type Struct', {}],
    ['rust-timestamps.arrows', 'the column t has the type Time', { features: ['t'] }],
    ['rust-index.arrows', 'column 3 is __index_level_0__, an index of pandas', {}],
  ])('%s is refused: %s', async (name, message, options) => {
    const found = await refusal(name, options);
    expect(found).toContain(message);
    expect(found).toContain(name);
  });

  it.each<[string, Partial<TableOptions>]>([
    ['a label column that is not there', { label: 'colour' }],
    ['a feature that is not there', { features: ['colour'] }],
    ['a number for an owner', { owner: wrong(7) }],
  ])('is not read with %s', async (_, options) => {
    const load = () => loadArrow(at('polars-zstd.arrow'), { label: 'y', ...options });
    await expectCode(load, 'ERR_INVALID_ARGUMENT');
  });

  it('with a column that is called like an element of a list is refused', async () => {
    const list = new arrow.List(new arrow.Field('item', new arrow.Float32()));
    const table = new arrow.Table({
      e: arrow.vectorFromArray(
        [
          [1, 2],
          [3, 4],
        ],
        list,
      ),
      'e[1]': arrow.vectorFromArray([1, 2], new arrow.Float32()),
      y: arrow.vectorFromArray([0, 1], new arrow.Int32()),
    });
    const path = join(await temporaryFolder(), 'twice.arrows');
    await writeFile(path, arrow.tableToIPC(table, 'stream'));
    const { message } = await expectCode(() => readArrow(path, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(message).toContain('two features would have the name e[1]');
  });

  it('whose text is not UTF-8 is refused: two owners must not become one', async () => {
    const table = new arrow.Table({
      x: arrow.vectorFromArray([1, 2], new arrow.Float32()),
      y: arrow.vectorFromArray(['ab', 'cd'], new arrow.Utf8()),
    });
    const bytes = Buffer.from(arrow.tableToIPC(table, 'stream'));
    bytes[bytes.indexOf('abcd')] = 0xff;
    const path = join(await temporaryFolder(), 'altered.arrows');
    await writeFile(path, bytes);
    const { message } = await expectCode(() => readArrow(path, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(message).toContain('row 1, column y is not text in UTF-8');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('x,y\n1,2\n')],
    ['Feather of version 1', Buffer.from('FEA1....................FEA1')],
  ])('that is %s is refused', async (_, contents) => {
    const path = join(await temporaryFolder(), 'other.arrow');
    await writeFile(path, contents);
    await expectCode(() => loadArrow(path, { label: 'y' }), 'ERR_INVALID_DATA');
  });

  it('is refused if cut off anywhere before its last batch ends', async () => {
    const whole = await readFile(at('polars-zstd.arrow'));
    const path = join(await temporaryFolder(), 'cut.arrow');
    for (let length = 0; length < whole.length; length += 97) {
      await writeFile(path, whole.subarray(0, length));
      await expectCode(() => readArrow(path, { label: 'y' }), 'ERR_INVALID_DATA');
    }
  });

  it('whose message is said to be longer than the file is refused, not waited for', async () => {
    const bytes = await readFile(at('polars-zstd.arrows'));
    // After the mark of a message, its length.
    expect(bytes.readInt32LE(0)).toBe(-1);
    bytes.writeInt32LE(2 ** 24, 4);
    const path = join(await temporaryFolder(), 'long.arrows');
    await writeFile(path, bytes);
    const { message } = await expectCode(() => readArrow(path, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(message).toContain('cannot be read as Arrow');
  });

  it('that needs more memory than available is refused with the required amount', async () => {
    const path = join(await temporaryFolder(), 'long.arrows');
    const zeros = Array<number>(100_000).fill(0);
    const x = arrow.vectorFromArray(zeros, new arrow.Float32());
    const y = arrow.vectorFromArray(zeros, new arrow.Int32());
    await writeFile(path, arrow.tableToIPC(new arrow.Table({ x, y }), 'stream'));
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(100);
    await expectCode(() => readArrow(path, { label: 'y' }), 'ERR_OUT_OF_MEMORY');
    available.mockRestore();
  });

  it('that cannot be read has its own error code', async () => {
    const folder = await temporaryFolder();
    for (const path of [folder, join(folder, 'missing')]) {
      await expectCode(() => loadArrow(path, { label: 'y' }), 'ERR_IO');
    }
  });
});
