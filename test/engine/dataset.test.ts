import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';
import { toyData, toyDataset } from '../support/toy.js';

const ROWS = 20;
const valid = toyData({ rows: ROWS, columns: 4 });
const floats = Float32Array.from(valid.features, (byte) => byte / 7);

/** Detaches the memory of arrays, which makes them empty. */
function detached<T extends Uint8Array | Uint32Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

function shared<T extends Uint8Array | Uint32Array | Float32Array>(array: T): T {
  const Type = array.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new Type(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

describe('a data set', () => {
  it('normalizes bytes, and uses floats unchanged', () => {
    const affine = { scale: 1 / 3, offset: -0.1 };
    const rows = [7, 0];
    const bytes = new Dataset({ ...valid, affine }).normalized(rows);
    const [scale, offset] = [Math.fround(1 / 3), Math.fround(-0.1)];
    // A single rounding, as by a fused multiply-add, because float64 holds the product exactly.
    const expected = rows.flatMap((row) => [
      ...Float32Array.from(
        valid.features.subarray(4 * row, 4 * row + 4),
        (u) => scale * u + offset,
      ),
    ]);
    expect([...bytes]).toEqual(expected);
    const { affine: _, ...withoutMap } = valid;
    for (const map of [{}, { affine: { scale: 1, offset: 0 } }]) {
      const plain = new Dataset({ ...withoutMap, ...map, features: floats });
      expect([...plain.normalized(rows)]).toEqual([...floats.slice(28, 32), ...floats.slice(0, 4)]);
      expect(plain.affine).toEqual({ scale: 1, offset: 0 });
    }
  });

  it('does not change when the arrays do from which it was made', () => {
    const data = toyData({ rows: ROWS, columns: 4 });
    const dataset = new Dataset(data);
    const before = dataset.normalized(dataset.allRows());
    data.features.fill(1);
    data.labels.fill(0);
    expect(dataset.normalized(dataset.allRows())).toEqual(before);
    expect(dataset.labels).toEqual(valid.labels);
  });

  it('can be made from memory that is shared between threads', () => {
    const rows = [3, 1];
    const make = (data: typeof valid) => new Dataset(data).normalized(rows);
    const memory = { features: shared(valid.features), labels: shared(valid.labels) };
    expect(make({ ...valid, ...memory })).toEqual(make(valid));
  });

  it.each<[string, object]>([
    ['features that are not a number', { features: floats.with(5, Number.NaN) }],
    ['infinite features', { features: floats.with(79, Infinity) }],
    ['infinite features in shared memory', { features: shared(floats.with(79, -Infinity)) }],
    ['float64 features', { features: Float64Array.from(floats) }],
    ['signed bytes', { features: new Int8Array(80) }],
    ['clamped bytes', { features: new Uint8ClampedArray(80) }],
    ['big integers', { features: new BigUint64Array(80) }],
    ['an array of features', { features: Array(80).fill(0) }],
    ['a buffer of features', { features: new ArrayBuffer(80) }],
    ['a view of features', { features: new DataView(new ArrayBuffer(80)) }],
    ['features that only look like an array', { features: { length: 80 } }],
    ['detached features', { features: detached(Uint8Array.from(valid.features)) }],
    ['too few features', { features: valid.features.subarray(1) }],
    ['no features', { features: undefined }],
    ['features that are null', { features: null }],
    ['features that are text', { features: 'x'.repeat(80) }],
    ['a label out of range', { labels: valid.labels.with(19, 3) }],
    ['a label far out of range', { labels: valid.labels.with(19, 0xffffffff) }],
    ['bytes as labels', { labels: Uint8Array.from(valid.labels) }],
    ['signed labels', { labels: Int32Array.from(valid.labels) }],
    ['an array of labels', { labels: [...valid.labels] }],
    ['detached labels', { labels: detached(Uint32Array.from(valid.labels)) }],
    ['too many labels', { labels: new Uint32Array(21) }],
    ['labels that are null', { labels: null }],
    ['no rows', { rows: 0, features: new Uint8Array(0), labels: new Uint32Array(0) }],
    ['no columns', { columns: 0, features: new Uint8Array(0) }],
    ['other columns', { columns: 5 }],
    ['fractional columns', { columns: 0.5, features: new Uint8Array(10) }],
    ['negative shapes', { rows: -20, columns: -4 }],
    ['huge columns', { columns: 2 ** 52 }],
    ['columns that are text', { columns: '4' }],
    ['rows that are a big integer', { rows: 20n }],
    ['no classes', { classes: 0 }],
    ['fractional classes', { classes: 3.5 }],
    ['endless classes', { classes: Infinity }],
    ['no scale', { affine: { offset: 0 } }],
    ['a scale of 0', { affine: { scale: 0, offset: 0 } }],
    ['a scale that is not a number', { affine: { scale: Number.NaN, offset: 0 } }],
    ['a scale beyond float32', { affine: { scale: 1e39, offset: 0 } }],
    ['an infinite offset', { affine: { scale: 1, offset: -Infinity } }],
    ['an infinite offset of floats', { features: floats, affine: { scale: 1, offset: Infinity } }],
    ['bytes without an affine map', { affine: undefined }],
    ['bytes that have gone through a map', { affine: { scale: 2, offset: 0, applied: true } }],
    [
      'a map of floats beyond their range',
      { features: floats, affine: { scale: 3e38, offset: 3e38 } },
    ],
    ['a map that may have been applied', { affine: { scale: 2, offset: 0, applied: 1 } }],
    ['a field that nobody reads', { normalize: true }],
    ['no name', { name: undefined }],
  ])('is refused: %s', async (_, change) => {
    await expectCode(() => new Dataset(wrong({ ...valid, ...change })), 'ERR_INVALID_ARGUMENT');
  });

  it.each([undefined, null, 'MNIST', 5, [], new Map()])(
    'is refused: %s instead of data',
    async (data) => {
      await expectCode(() => new Dataset(wrong(data)), 'ERR_INVALID_ARGUMENT');
    },
  );
});

describe('the facts of a data set', () => {
  it('cannot be changed, because they describe what is in native memory', () => {
    const dataset = new Dataset(valid);
    expect(() => Object.assign(dataset, { rows: 1 })).toThrow(TypeError);
    expect(() => Object.assign(dataset.affine, { scale: 1 })).toThrow(TypeError);
  });

  it('are not reached by whoever changes the labels that it shows', async () => {
    const dataset = new Dataset(valid);
    const model = Model.create([dataset.columns, dataset.classes], { seed: 1 });
    const before = await model.evaluate(dataset, dataset.allRows());
    dataset.labels.fill(0);
    expect(await model.evaluate(dataset, dataset.allRows())).toEqual(before);
    expect(dataset.select(dataset.allRows()).labels).toEqual(valid.labels);
  });

  it.each<[string, object, RegExp]>([
    ['features', { features: [...valid.features] }, /Uint8Array .* or a Float32Array/],
    [
      'features',
      { features: Float64Array.from(valid.features) },
      /Uint8Array .* or a Float32Array/,
    ],
    ['labels', { labels: [...valid.labels] }, /Uint32Array/],
  ])('are refused with the types that %s may have', async (name, wanted, expected) => {
    const { affine: _, ...rest } = valid;
    const error = await expectCode(
      () => new Dataset(wrong({ ...rest, ...wanted, affine: { scale: 1, offset: 0 } })),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error.message).toMatch(expected);
    expect(error.message).toContain(name);
  });
});

describe('rows of a data set', () => {
  const dataset = toyDataset({ rows: ROWS, columns: 4 });

  it('are kept in their order', () => {
    expect([...dataset.rowSet([5, 0, 19])]).toEqual([5, 0, 19]);
    expect([...dataset.rowSet(Uint32Array.of(5, 0, 19))]).toEqual([5, 0, 19]);
    expect([...dataset.rowSet([])]).toEqual([]);
    expect([...dataset.allRows()]).toEqual([...Array(ROWS).keys()]);
  });

  it.each<[string, unknown]>([
    ['one past the end', [0, ROWS]],
    ['far past the end', [2 ** 32]],
    ['negative', [-1]],
    ['fractional', [0.5]],
    ['not a number', [Number.NaN]],
    ['infinite', [Infinity]],
    ['twice the same', [3, 4, 3]],
    ['twice the same, typed', Uint32Array.of(3, 4, 3)],
    ['past the end, typed', Uint32Array.of(ROWS)],
    ['text', ['1']],
    ['a big integer', [1n]],
    ['null', [null]],
    ['a hole', new Array(2)],
    ['a symbol', [Symbol('row')]],
    ['an object without a prototype', [Object.create(null)]],
  ])('are refused: %s', async (_, rows) => {
    await expectCode(() => dataset.rowSet(wrong(rows)), 'ERR_INVALID_ROWS');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['text', '123'],
    ['a set', new Set([1])],
    ['bytes', new Uint8Array(3)],
    ['an object', { length: 3 }],
  ])('are refused: %s', async (_, rows) => {
    await expectCode(() => dataset.rowSet(wrong(rows)), 'ERR_INVALID_ARGUMENT');
  });

  it('are refused if empty where a function needs at least one', async () => {
    await expectCode(() => dataset.nonEmptyRowSet([], 'forget set'), 'ERR_EMPTY_SET');
    const gone = detached(Uint32Array.of(1, 2));
    await expectCode(() => dataset.nonEmptyRowSet(gone, 'forget set'), 'ERR_EMPTY_SET');
    await expectCode(() => dataset.nonEmptyRowSet(wrong(null), 'set'), 'ERR_INVALID_ARGUMENT');
  });
});

describe('a selection', () => {
  const dataset = new Dataset(valid);
  const picked = dataset.select([4, 1, 7]);

  it('holds these rows in this order', () => {
    expect(picked).toMatchObject({ rows: 3, columns: dataset.columns, classes: dataset.classes });
    expect([...picked.labels]).toEqual([4, 1, 7].map((row) => dataset.labels[row]));
    expect(picked.normalized([0, 1, 2])).toEqual(dataset.normalized([4, 1, 7]));
  });

  it('holds these columns in this order', () => {
    const { columns } = dataset;
    const swapped = dataset.select([4], { columns: [columns - 1, 0] });
    const whole = dataset.normalized([4]);
    expect([...swapped.normalized([0])]).toEqual([whole[columns - 1], whole[0]]);
  });

  it('is refused for invalid rows or columns', async () => {
    await expectCode(() => dataset.select([dataset.rows]), 'ERR_INVALID_ROWS');
    await expectCode(() => dataset.select([]), 'ERR_EMPTY_SET');
    const endless = new Array(2 ** 32 - 1);
    await expectCode(() => dataset.select(endless), 'ERR_INVALID_ROWS');
    for (const columns of [[], [-1], [0.5], [dataset.columns], 5, null, endless]) {
      await expectCode(() => dataset.select([0], wrong({ columns })), 'ERR_INVALID_ARGUMENT');
    }
  });
});
