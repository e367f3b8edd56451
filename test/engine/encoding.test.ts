import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { ColumnEncoding } from '#lethe/engine/encoding/column-encoding';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import type { FittedNumber, InputMap } from '#lethe/engine/encoding/input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';
import {
  RAW_ENCODING,
  RAW_INPUTS,
  RAW_NAMES,
  RAW_WIDTHS,
  rawDataset,
  rawRows,
} from '../support/raw-rows.js';

/** What scripts/fixtures/make_encoding.py writes. */
interface Written {
  readonly encoding: ColumnEncoding;
  readonly fitted: Pick<FittedNumber, 'fill' | 'centre' | 'scale'>;
  readonly cells: (number | string | null)[];
  /** [rows][inputs], in double precision. */
  readonly inputs: number[][];
}

const FILE = new URL('../fixtures/encoding.json', import.meta.url);
const COLUMNS: Record<string, Written> = JSON.parse(readFileSync(FILE, 'utf8'));

const ofCells = (cells: Written['cells'], encoding: ColumnEncoding) =>
  Dataset.from(
    cells.map((cell) => ({ label: 0, features: [cell] })),
    { encode: [encoding] },
  );

/** The rows as the network of a map receives them. */
async function encoded(dataset: Dataset, inputMap: InputMap): Promise<Float32Array> {
  const inputs = await inputRows({ inputMap }, dataset);
  return inputs.normalized(inputs.allRows());
}

/** The map as scikit-learn has fitted all columns of a table, rounded to float32. */
function fittedBy(columns: readonly Written[], maps: readonly InputMap[]): InputMap {
  return {
    columns: columns.map(({ fitted }, i) => ({
      ...maps[i]!.columns[0]!,
      ...Object.fromEntries(
        Object.entries(fitted).map(([name, value]) => [name, Math.fround(value)]),
      ),
    })),
  };
}

describe('an encoded column', () => {
  it.each(Object.entries(COLUMNS))('is as scikit-learn encodes it: %s', async (_, written) => {
    const { encoding, cells, inputs } = written;
    const dataset = await ofCells(cells, encoding);
    const map = await fitInputMap(dataset, dataset.allRows());
    expect(map).toEqual(fittedBy([written], [map]));
    const found = await encoded(dataset, map);
    const width = inputs[0]!.length;
    expect(dataset.inputs).toBe(width);
    expect(found).toHaveLength(cells.length * width);
    const { centre = 0, scale = 1, fill = 0 } = written.fitted;
    for (const [i, expected] of inputs.flat().entries()) {
      const cell = cells[Math.floor(i / width)];
      const value = typeof cell === 'number' ? cell : fill;
      // Each of centre, difference, scale and quotient is rounded to 24 bits.
      const rounding = 2 ** -22 * ((Math.abs(value) + Math.abs(centre)) / scale + 1);
      expect(Math.abs(found[i]! - expected), `value ${i}`).toBeLessThanOrEqual(rounding);
    }
  });

  it.each(Object.entries(COLUMNS).filter(([, { encoding }]) => encoding.kind === 'number'))(
    'is ((missing ? fill : x) - centre) / scale in float32: %s',
    async (_, { encoding, cells }) => {
      const dataset = await ofCells(cells, encoding);
      const map = await fitInputMap(dataset, dataset.allRows());
      const { fill = Number.NaN, centre = 0, scale = 1 } = map.columns[0] as FittedNumber;
      const expected = cells.flatMap((cell) => {
        const value = (cell as number | null) ?? fill;
        const own = Math.fround(Math.fround(value - centre) / scale);
        return map.columns[0]!.indicator ? [own, Number(cell === null)] : [own];
      });
      expect(await encoded(dataset, map)).toEqual(Float32Array.from(expected));
    },
  );

  it('is encoded beside others as alone, by any number of threads', async () => {
    const columns = Object.values(COLUMNS);
    const rows = columns[0]!.cells.map((_, row) => ({
      label: row % 2,
      features: columns.map(({ cells }) => cells[row]!),
    }));
    const encode = columns.map(({ encoding }) => encoding);
    const whole = await Dataset.from(rows, { encode });
    const map = await fitInputMap(whole, whole.allRows(), 1);
    for (const threads of [2, 5, 64]) {
      expect(await fitInputMap(whole, whole.allRows(), threads)).toEqual(map);
    }
    const inputs = await encoded(whole, map);
    const again = await Dataset.from(rows, { encode });
    expect(
      await (await inputRows({ inputMap: map }, again, 7)).normalized(again.allRows()),
    ).toEqual(inputs);
    let first = 0;
    for (const [i, { cells, encoding }] of columns.entries()) {
      const single = await ofCells(cells, encoding);
      const own = await fitInputMap(single, single.allRows());
      expect(own.columns[0]).toEqual(map.columns[i]);
      const values = await encoded(single, own);
      const shown = inputs.filter((_, at) => {
        const input = at % whole.inputs;
        return input >= first && input < first + single.inputs;
      });
      expect(shown).toEqual(values);
      first += single.inputs;
    }
    expect(first).toBe(whole.inputs);
  });

  it('stays within float32 where a value is far from all that were fitted', async () => {
    const dataset = await ofCells([-3e38, -3.1e38, 3e38], { kind: 'number', standardize: true });
    const map = await fitInputMap(dataset, [0, 1]);
    const inputs = await encoded(dataset, map);
    expect(inputs[2]).toBe(Math.fround(3.4028234663852886e38));
    expect(inputs.every(Number.isFinite)).toBe(true);
  });

  it('is only centred where float32 has no scale for it', async () => {
    const dataset = await ofCells([1e-42, 3e-42, 5e-42], { kind: 'number', standardize: true });
    const { columns } = await fitInputMap(dataset, dataset.allRows());
    expect(columns[0]).toMatchObject({ scale: 1, centre: Math.fround(3e-42) });
  });

  it('is fitted on the given rows alone, and leaves out those that were erased', async () => {
    const rows = rawRows(120);
    const kept = rows.filter((_, row) => row % 3 !== 0);
    const whole = await rawDataset(rows);
    const some = await rawDataset(kept);
    const expected = await fitInputMap(some, some.allRows());
    const left = whole.rowsOf({ ids: kept.map(({ id }) => id) });
    expect(await fitInputMap(whole, left)).toEqual(expected);
    expect(await fitInputMap(whole, whole.allRows())).not.toEqual(expected);
    await whole.erase(whole.ids.of(whole.without(left)));
    expect(await fitInputMap(whole, whole.allRows())).toEqual(expected);
  });
});

describe('fitInputMap', () => {
  it('refuses what it cannot fit', async () => {
    const dataset = await rawDataset(rawRows(20));
    const plain = new Dataset({
      ...{ name: 'plain', rows: 2, columns: 1, classes: 1 },
      ...{ features: new Float32Array(2), labels: new Uint32Array(2) },
    });
    const error = await expectCode(() => fitInputMap(plain, [0]), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('plain has no encoding');
    await expectCode(() => fitInputMap(dataset, []), 'ERR_EMPTY_SET');
    await expectCode(() => fitInputMap(dataset, [20]), 'ERR_INVALID_ROWS');
    await expectCode(() => fitInputMap(dataset, plain.rowSet([0])), 'ERR_INVALID_ROWS');
    for (const value of [null, {}, 'raw']) {
      await expectCode(() => fitInputMap(wrong(value), [0]), 'ERR_INVALID_ARGUMENT');
    }
    for (const threads of ['2', 0, -1, 1.5, 1025, Number.NaN, null]) {
      await expectCode(() => fitInputMap(dataset, [0], wrong(threads)), 'ERR_INVALID_ARGUMENT');
    }
    await dataset.erase([10]);
    await expectCode(() => fitInputMap(dataset, [1]), 'ERR_ERASED_ROW');
    dataset.close();
    await expectCode(() => fitInputMap(dataset, [0]), 'ERR_INVALID_ARGUMENT');
  });
});

const made = (features: Float32Array, encoding: unknown = RAW_ENCODING) =>
  new Dataset({
    ...{ name: 'raw', rows: 2, columns: 4, classes: 2, labels: Uint32Array.of(0, 1) },
    ...{ features, featureNames: RAW_NAMES, encoding: wrong(encoding) },
  });
const NAN = Number.NaN;
const RAW = Float32Array.of(30, 1000, 0, 1, NAN, -5, NAN, 2);

describe('an encoding', () => {
  it('is a frozen copy of what it was given', () => {
    const categories = ['AT', 'DE', 'FR'];
    const country: object = { kind: 'category', categories, missing: 'none', unknown: 'none' };
    const given = [...RAW_ENCODING.slice(0, 2), country, ...RAW_ENCODING.slice(3)];
    const { encoding, inputs } = made(RAW, given);
    given.pop();
    categories.push('IT');
    expect(inputs).toBe(RAW_INPUTS);
    expect(encoding).toEqual([
      { kind: 'number', missing: 'mean', indicator: true, standardize: true },
      { kind: 'number', indicator: false, standardize: true },
      {
        ...{ kind: 'category', categories: ['AT', 'DE', 'FR'] },
        ...{ missing: 'none', indicator: true, unknown: 'none' },
      },
      { kind: 'number', indicator: false, standardize: false },
    ]);
    for (const part of [encoding, ...encoding!]) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen(wrong(encoding![2]).categories)).toBe(true);
  });

  const number = { kind: 'number' };
  const category = { kind: 'category', categories: ['a', 'b'] };
  it.each<[string, unknown, RegExp]>([
    ['no list', { 0: number }, /encoding must be an array/],
    ['of fewer columns', [number], /one entry for each of the 4 columns, but holds 1/],
    ['with one left out', [number, undefined, number, number], /encoding\[1\]/],
    ['of no kind', [{}, number, number, number], /encoding\[0\]\.kind must be one of/],
    ['of another kind', [{ kind: 'text' }, number, number, number], /"number", "category"/],
    ['with a field nobody knows', [{ ...number, mean: 1 }, number, number, number], /"mean"/],
    ['with a statistic', [{ ...number, centre: 1 }, number, number, number], /"centre"/],
    ['with another filling', [{ ...number, missing: 'mode' }, number, number, number], /"mean"/],
    ['filled by what is none', [{ ...number, missing: NAN }, number, number, number], /finite/],
    ['filled beyond float32', [{ ...number, missing: 1e39 }, number, number, number], /finite/],
    ['filled by null', [{ ...number, missing: null }, number, number, number], /finite/],
    ['with a doubtful switch', [{ ...number, standardize: 1 }, number, number, number], /true or/],
    [
      'with an indicator of nothing',
      [{ ...number, indicator: true }, number, number, number],
      /encoding\[0\]\.missing too/,
    ],
    ['without categories', [{ kind: 'category' }, number, number, number], /categories must be/],
    ['of no category', [{ ...category, categories: [] }, number, number, number], /at least one/],
    ['of one twice', [{ ...category, categories: ['a', 'a'] }, number, number, number], /differ/],
    ['of an empty text', [{ ...category, categories: ['', 'a'] }, number, number, number], /empty/],
    ['of half a character', [{ ...category, categories: ['\ud800'] }, number, number, number], /f/],
    ['of numbers', [{ ...category, categories: [1, 2] }, number, number, number], /texts/],
    ['standardized categories', [{ ...category, standardize: true }, number, number, number], /f/],
    ['filled categories', [{ ...category, missing: 'mean' }, number, number, number], /"none"/],
    ['another unknown', [{ ...category, unknown: 'other' }, number, number, number], /"none"/],
    [
      'of more inputs than a network takes',
      Array(4).fill({
        kind: 'category',
        categories: Array.from({ length: 2 ** 18 + 1 }, (_, i) => `${i}`),
      }),
      /number of inputs/,
    ],
  ])('is not %s', async (_, encoding, part) => {
    const error = await expectCode(
      () => made(new Float32Array(8), encoding),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error.message).toMatch(part);
  });

  it('is one thing, however its fields change while they are read', () => {
    const turning = () => {
      let reads = 0;
      return {
        get kind() {
          return reads++ === 0 ? 'number' : 'category';
        },
        get standardize() {
          return reads++ % 2 === 0;
        },
      };
    };
    const { encoding, inputs } = made(new Float32Array(8), Array.from({ length: 4 }, turning));
    expect(inputs).toBe(4);
    for (const column of encoding!) {
      expect(column).toMatchObject({ kind: 'number', standardize: expect.any(Boolean) });
    }
  });

  it.each<[string, number[], RegExp]>([
    ['a missing number that may not be', [1, NAN, 0, 1], /row 0, column income.*finite/],
    ['a number that is infinite', [Infinity, 1, 0, 1], /row 0, column age/],
    ['the place of no category', [1, 1, 4, 1], /row 0, column country.*one of 3 categories/],
    ['half a place', [1, 1, 0.5, 1], /column country/],
    ['a negative place', [1, 1, -1, 1], /column country/],
  ])('does not allow %s', async (_, row, part) => {
    const features = Float32Array.of(...row, 1, 1, 1, 1);
    const error = await expectCode(() => made(features), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toMatch(part);
  });

  it('knows an unknown category only where there may be one', async () => {
    const strict = RAW_ENCODING.map((column) =>
      column.kind === 'category' ? { kind: 'category', categories: column.categories } : column,
    );
    const features = Float32Array.of(1, 1, 3, 1, 1, 1, 1, 1);
    expect(made(features).rows).toBe(2);
    await expectCode(() => made(features, strict), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => made(RAW, strict), 'ERR_INVALID_ARGUMENT');
  });

  it('is of float32 features without a map', async () => {
    const { name, rows, columns, classes } = made(RAW);
    const data = {
      name,
      rows,
      columns,
      classes,
      labels: new Uint32Array(2),
      encoding: RAW_ENCODING,
    };
    const affine = { scale: 2, offset: 1 };
    for (const change of [
      { features: new Uint8Array(8), affine },
      { features: new Float32Array(8), affine },
      { features: new Float32Array(8), affine: { ...affine, applied: true } },
    ]) {
      await expectCode(() => new Dataset({ ...data, ...change }), 'ERR_INVALID_ARGUMENT');
    }
    await expectCode(
      () => Dataset.from(rawRows(2), { featureNames: RAW_NAMES, affine, encode: RAW_ENCODING }),
      'ERR_INVALID_ARGUMENT',
    );
  });
});

describe('a data set of raw values', () => {
  it('has no inputs without a model', async () => {
    const dataset = made(RAW);
    expect(dataset.stored([0, 1])).toEqual(RAW);
    const error = await expectCode(() => dataset.normalized([0]), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('trainModel');
    const model = Model.create([RAW_INPUTS, 2]);
    for (const read of [
      () => model.train(dataset),
      () => model.logits(dataset, [0]),
      () => Model.create([4, 2]).evaluate(dataset, [0]),
    ]) {
      await expectCode(read, 'ERR_INVALID_ARGUMENT');
    }
  });

  it('takes each row once, however its cells change while they are read', async () => {
    const rows = rawRows(5);
    const cellsThat = (change: (cells: unknown[]) => void) => {
      const cells: unknown[] = [30, 5, 'AT', 1];
      Object.defineProperty(cells, 0, {
        configurable: true,
        get: () => {
          change(cells);
          return 30;
        },
      });
      return [...rows, { id: 7777, label: '0', features: wrong(cells) }];
    };
    const longer = await rawDataset(cellsThat((cells) => cells.length < 99 && cells.push(9)));
    expect([...longer.stored([5])]).toEqual([30, 5, 0, 1]);
    const shorter = cellsThat((cells) => {
      cells.length = 2;
    });
    const error = await expectCode(() => rawDataset(shorter), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('id 7777');
  });

  it('can be selected from, with a column twice', async () => {
    const dataset = await rawDataset(rawRows(50));
    const selected = dataset.select(dataset.allRows(), { columns: [2, 0, 2, 3] });
    const [age, , country, score] = dataset.encoding!;
    expect(selected.encoding).toEqual([country, age, country, score]);
    expect(selected.inputs).toBe(4 + 2 + 4 + 1);
    const map = await fitInputMap(selected, selected.allRows());
    const whole = await fitInputMap(dataset, dataset.allRows());
    expect(map.columns[1]).toEqual(whole.columns[0]);
    const model = Model.create([selected.inputs, 5, 3]).withFacts({ inputMap: map });
    await model.train(selected);
    expect((await model.evaluate(selected, selected.allRows())).rows).toBe(50);
    await expectCode(() => model.evaluate(dataset, [0]), 'ERR_INVALID_ARGUMENT');
  });

  it('has a digest that tells its encoding apart, but not in what bits a value is missing', async () => {
    const digests = new Set<string>();
    const { name, rows, columns, classes } = made(RAW);
    const data = { name, rows, columns, classes, labels: Uint32Array.of(0, 1), features: RAW };
    const encodings: ColumnEncoding[][] = [0, 1, 2, 3].map((changed) =>
      RAW_ENCODING.map((column, i) => {
        if (i !== changed) return column;
        return column.kind === 'number'
          ? { ...column, missing: 2 }
          : { ...column, categories: column.categories.toReversed() };
      }),
    );
    for (const encoding of [RAW_ENCODING, ...encodings]) {
      digests.add(await new Dataset({ ...data, encoding }).digest());
    }
    expect(digests.size).toBe(5);
    const other = RAW.slice();
    new Uint32Array(other.buffer).set([0xffc00001], 4);
    expect(Number.isNaN(other[4])).toBe(true);
    expect(await made(other).digest()).toBe(await made(RAW).digest());
    const plain = { ...data, features: RAW.map((value) => value || 0) };
    const numbers = Array.from({ length: 4 }, () => ({ kind: 'number' }) as const);
    const raw = new Dataset({ ...plain, encoding: numbers });
    expect(await raw.digest()).not.toBe(await new Dataset(plain).digest());
  });
});

describe('a model that encodes', () => {
  const rows = rawRows(200);
  async function trained() {
    const dataset = await rawDataset(rows);
    const inputMap = await fitInputMap(dataset, dataset.allRows());
    const facts = { inputMap, featureNames: RAW_NAMES, classNames: ['0', '1', '2'] };
    const model = Model.create(RAW_WIDTHS).withFacts(facts);
    await model.train(dataset);
    return { dataset, model };
  }

  it('predicts of raw values what it computes of the data set, in all their forms', async () => {
    const { dataset, model } = await trained();
    const logits = await model.logits(dataset, dataset.allRows());
    const records = rows.map(({ features }) => features);
    expect(model.predict(dataset.stored(dataset.allRows()) as Float32Array)).toEqual(logits);
    expect(model.predict(wrong(records))).toEqual(logits);
    const sparse = records.map((record) =>
      Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)),
    );
    expect(model.predict(wrong(sparse))).toEqual(logits);
    const inputs = await encoded(dataset, model.inputMap!);
    expect(
      model.withFacts({ inputMap: undefined, featureNames: undefined }).predict(inputs),
    ).toEqual(logits);
    expect(model.predictNames(wrong(records))).toHaveLength(200);
  });

  it.each<[string, unknown, RegExp]>([
    ['the encoded inputs', new Float32Array(RAW_INPUTS + 1), /rows of 4 features/],
    ['bytes', new Uint8Array(4), /Float32Array of raw values/],
    ['a list of numbers', [1, 2, 0, 4], /inputs\[0\] must be an object/],
    ['holes', new Array(2 ** 30), /inputs\[0\] must be an object/],
    ['nothing', [], /rows of 4 features/],
    ['a column that is none', [{ income: 1, score: 1, colour: 1 }], /colour/],
    ['a missing value that may not be', [{ score: 1 }], /income of inputs\[0\]/],
    ['an object for a number', [{ income: {}, score: 1 }], /income.* is an object/],
    ['a text for a number', [{ income: '5', score: 1 }], /income/],
    ['a number beyond float32', [{ income: 1e39, score: 1 }], /income/],
    ['an empty category', [{ income: 1, score: 1, country: '' }], /country/],
    ['a symbol', [{ income: 1, score: 1, country: Symbol('AT') }], /country/],
    ['half a place', Float32Array.of(1, 1, 0.5, 1), /column country/],
    ['NaN where none may be', Float32Array.of(1, NAN, 0, 1), /column income/],
  ])('does not predict of %s', async (_, inputs, part) => {
    const { model } = await trained();
    const error = await expectCode(() => model.predict(wrong(inputs)), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toMatch(part);
  });

  it('takes no affine map for raw values', async () => {
    const { model, dataset } = await trained();
    const raw = dataset.stored([0]) as Float32Array;
    const affine = { scale: 2, offset: 1 };
    await expectCode(() => model.predict(raw, affine), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => model.predictNames(raw, affine), 'ERR_INVALID_ARGUMENT');
  });

  it('refuses a data set that is encoded otherwise', async () => {
    const { model } = await trained();
    const others: ColumnEncoding[] = [
      { kind: 'number', missing: 0, standardize: true },
      { kind: 'number', missing: 'mean', indicator: false, standardize: true },
      { kind: 'number', missing: 'mean' },
    ];
    for (const age of others) {
      const other = await rawDataset(rows, [age, ...RAW_ENCODING.slice(1)]);
      const error = await expectCode(() => model.evaluate(other, [0]), 'ERR_INVALID_ARGUMENT');
      expect(error.message).toContain('column age of raw');
    }
    const fewer = await Dataset.from(
      rows.map(({ features: { age, income }, ...row }) => ({ ...row, features: [age, income] })),
      { encode: RAW_ENCODING.slice(0, 2) },
    );
    await expectCode(() => model.evaluate(fewer, [0]), 'ERR_INVALID_ARGUMENT');
    const floats = new Dataset({
      ...{ name: 'inputs', rows: 1, columns: RAW_INPUTS, classes: 3 },
      ...{ features: new Float32Array(RAW_INPUTS), labels: new Uint32Array(1) },
    });
    await expectCode(() => model.evaluate(floats, [0]), 'ERR_INVALID_ARGUMENT');
  });
});
