import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadArrow } from '#lethe/data/arrow';
import { loadCsv } from '#lethe/data/csv';
import { loadNumpy } from '#lethe/data/numpy';
import { loadParquet } from '#lethe/data/parquet';
import type { TableOptions } from '#lethe/data/table';
import type { Dataset } from '#lethe/engine/dataset';
import type { EncodeOptions } from '#lethe/engine/encoding/encode-options';
import type { FittedNumber, InputMap } from '#lethe/engine/encoding/input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import EXPECTED from '../fixtures/encoding/expected.json' with { type: 'json' };
import { temporaryFolder } from '../support/temporary-folder.js';

/** What scripts/fixtures/make_encoded_tables.py and make_encoded_tables.mjs write. */
const at = (name: string) => new URL(`../fixtures/encoding/${name}`, import.meta.url).pathname;
const ENCODE = EXPECTED.encode as EncodeOptions;
const ROLES = { label: 'y', owner: 'owner', id: 'id' };
const TABLE: TableOptions = { ...ROLES, encode: ENCODE };

const train = (dataset: Dataset, recipe: 'steady' | 'plain' = 'plain') =>
  trainModel([dataset.inputs, 8, dataset.classes], dataset, { recipe, seed: 3 });

/** The raw value of each row in a column, where categories are named. */
function cellsOf(dataset: Dataset, name: string) {
  const column = dataset.featureNames!.indexOf(name);
  const encoding = dataset.encoding![column]!;
  const values = dataset.stored(dataset.allRows());
  return Array.from(dataset.allRows(), (row) => {
    const value = values[row * dataset.columns + column]!;
    if (Number.isNaN(value)) return null;
    return encoding.kind === 'category' ? encoding.categories[value]! : value;
  });
}

describe('a table with missing values and categories', () => {
  const { table } = EXPECTED;
  const inOrder = table.id.map((_, row) => row).sort((a, b) => table.id[a]! - table.id[b]!);

  it('has raw values, and categories in order as schema', async () => {
    const dataset = await loadCsv(at('table.csv'), TABLE);
    expect(dataset.featureNames).toEqual(['age', 'income', 'member', 'country', 'code']);
    expect(dataset.encoding![3]).toMatchObject({ categories: EXPECTED.categories.country });
    expect(dataset.encoding![4]).toMatchObject({ categories: EXPECTED.categories.code });
    expect(dataset.inputs).toBe(EXPECTED.all.inputs[0]!.length);
    const single = (values: readonly (number | null)[]) =>
      inOrder.map((row) => values[row] && Math.fround(values[row]));
    expect(cellsOf(dataset, 'age')).toEqual(single(table.age));
    expect(cellsOf(dataset, 'income')).toEqual(single(table.income));
    expect(cellsOf(dataset, 'member')).toEqual(inOrder.map((row) => Number(table.member[row])));
    expect(cellsOf(dataset, 'country')).toEqual(inOrder.map((row) => table.country[row]));
    expect(cellsOf(dataset, 'code')).toEqual(inOrder.map((row) => String(table.code[row])));
  });

  it.each<[string, (options: TableOptions) => Promise<Dataset>]>([
    ['CSV with NULL', (options) => loadCsv(at('table-null.csv'), options)],
    ['Parquet', (options) => loadParquet(at('table.parquet'), options)],
    ['parts in Parquet', (options) => loadParquet(at('parquet'), options)],
    ['Arrow', (options) => loadArrow(at('table.arrow'), options)],
    ['parts in Arrow', (options) => loadArrow(at('arrow'), options)],
  ])('is the same in %s as in CSV, and with the encoding of the other', async (_, load) => {
    const csv = await loadCsv(at('table.csv'), TABLE);
    const dataset = await load(TABLE);
    expect(await dataset.digest()).toBe(await csv.digest());
    expect(dataset.encoding).toEqual(csv.encoding);
    expect(dataset.subjects.ownership()).toEqual(csv.subjects.ownership());
    const again = await load({ ...ROLES, encode: csv.encoding! });
    expect(await again.digest()).toBe(await csv.digest());
  });

  it('is the same in all formats where columns are elements of a list', async () => {
    const encode: EncodeOptions = {
      columns: {
        X: { missing: 'mean', standardize: true },
        'X[2]': { missing: 0, indicator: false },
        'X[3]': { categories: 'found' },
      },
    };
    const elements = ['X[0]', 'X[1]', 'X[2]', 'X[3]'];
    const { X, ...single } = encode.columns!;
    const columns = { 'X[0]': X!, 'X[1]': X!, ...single };
    const csv = await loadCsv(at('list.csv'), { ...ROLES, encode: { columns } });
    expect(csv.featureNames).toEqual(elements);
    expect(csv.encoding!.map(({ kind, missing }) => [kind, missing])).toEqual([
      ...[
        ['number', 'mean'],
        ['number', 'mean'],
      ],
      ...[
        ['number', 0],
        ['category', undefined],
      ],
    ]);
    const others = [
      await loadParquet(at('list.parquet'), { ...ROLES, encode }),
      await loadArrow(at('list.arrow'), { ...ROLES, encode }),
      await loadNumpy(at('table.npz'), { ...ROLES, features: 'X', encode }),
      await loadNumpy(at('table.npz'), { ...ROLES, features: 'X', encode: csv.encoding! }),
    ];
    for (const dataset of others) expect(await dataset.digest()).toBe(await csv.digest());
  });
});

describe('a model of a table with missing values and categories', () => {
  const expectFit = (map: InputMap | undefined, fit: (typeof EXPECTED)['all']['fit']) => {
    const numbers = ['age', 'income', 'member'] as const;
    for (const [column, name] of numbers.entries()) {
      const fitted = map!.columns[column] as FittedNumber;
      const expected: { fill?: number; centre: number; scale: number } = fit[name];
      for (const [field, value] of Object.entries(expected)) {
        expect(fitted[field as 'fill'], `${name}.${field}`).toBe(Math.fround(value));
      }
    }
  };

  it('fits and encodes as scikit-learn does', async () => {
    const dataset = await loadCsv(at('table.csv'), TABLE);
    const { model } = await train(dataset);
    const { inputMap } = model.facts;
    expectFit(inputMap, EXPECTED.all.fit);
    const inputs = await inputRows({ inputMap }, dataset);
    const expected = EXPECTED.all.inputs.flat();
    const found = inputs.normalized(inputs.allRows());
    expect(found).toHaveLength(expected.length);
    // Of a value up to 10, rounded to float32 at each of two steps.
    for (const [i, value] of expected.entries())
      expect(Math.abs(found[i]! - value)).toBeLessThan(2e-6);
  });

  it.each(['plain', 'steady'] as const)(
    'without an owner is, by %s, that of the table without the rows',
    async (recipe) => {
      const dataset = await loadParquet(at('table.parquet'), TABLE);
      const { model } = await train(dataset, recipe);
      const forget = dataset.rowsOf({ subject: EXPECTED.forget });
      const retain = dataset.without(forget);
      const forgotten = await exactRetrain({ model, dataset, forget, retain }, { seed: 3 });

      const { encoding, classNames } = dataset;
      const rest = await loadCsv(at('retained.csv'), {
        ...ROLES,
        encode: encoding!,
        classNames: classNames!,
      });
      expect(rest.rows).toBe(retain.length);
      expect(await rest.digest()).toBe(await dataset.digest(retain));
      const anew = await train(rest, recipe);
      expect(anew.model.hash()).toBe(forgotten.model.hash());
      expect(anew.model.facts.inputMap).toEqual(forgotten.model.facts.inputMap);
      expectFit(forgotten.model.facts.inputMap, EXPECTED.retained.fit);
      expect(forgotten.model.hash()).not.toBe(model.hash());
    },
  );

  it('reads a test file with the encoding and the classes of its data', async () => {
    const data = await loadCsv(at('table.csv'), TABLE);
    const { model } = await train(data);
    const path = join(await temporaryFolder(), 'test.csv');
    await writeFile(path, 'y,age,income,member,country,code\nno,,7,True,,2.0\n');
    const test = await loadCsv(path, {
      label: 'y',
      features: data.featureNames!,
      classNames: data.classNames!,
      encode: data.encoding!,
    });
    expect(cellsOf(test, 'code')).toEqual(['2']);
    const logits = await model.logits(test, test.allRows());
    const row = { age: null, income: 7, member: true, country: null, code: 2 };
    const [name] = model.predictNames([row]);
    expect(data.classNames!.indexOf(name!)).toBe(logits[1]! > logits[0]! ? 1 : 0);
  });
});
