import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { foldLinearMap, type LinearMap, mapDataset } from '#lethe/engine/linear-map';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';
import { toyData, toyDataset } from '../support/toy.js';

/** Reproducible numbers in [-0.5, 0.5). */
const noise = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) / 2 ** 32);

const dataset = toyDataset({ rows: 50 });
const map: LinearMap = { weights: noise(2 * 12, 1), bias: noise(2, 100) };

/** W x + b in double precision. */
function mapped(x: Float32Array): number[] {
  return [...map.bias].map((b, o) =>
    x.reduce((sum, value, i) => sum + map.weights[o * 12 + i]! * value, b),
  );
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-5);
  }
}

describe('mapDataset', () => {
  it('maps every row, of byte or float features', async () => {
    const floats = new Dataset({
      ...toyData({ rows: 50 }),
      features: dataset.normalized(dataset.allRows()),
      affine: { scale: 1, offset: 0 },
    });
    for (const source of [dataset, floats]) {
      const result = await mapDataset(source, map);
      expect(result).toMatchObject({ rows: 50, columns: 2, classes: 3 });
      expect(result.labels).toEqual(dataset.labels);
      for (const row of result.allRows()) {
        expectNear(result.normalized([row]), mapped(dataset.normalized([row])));
      }
    }
  });

  it('maps some rows in their order, and reads only some columns', async () => {
    const columns = Uint32Array.of(7, 2, 11);
    const narrow = { weights: noise(2 * 3, 4), bias: map.bias, columns };
    const rows = [31, 0, 44];
    const result = await mapDataset(dataset, narrow, { rows });
    expect([...result.labels]).toEqual(rows.map((row) => dataset.labels[row]));
    // The same as from a data set of only these rows and columns.
    const alone = dataset.select(rows, { columns });
    const expected = await mapDataset(alone, { weights: narrow.weights, bias: narrow.bias });
    expect(result.normalized([0, 1, 2])).toEqual(expected.normalized([0, 1, 2]));
    const x = dataset.normalized([44]);
    const last = [...map.bias].map((b, o) =>
      columns.reduce((sum, c, i) => sum + narrow.weights[o * 3 + i]! * x[c]!, b),
    );
    expectNear(result.normalized([2]), last);
  });

  it('uses the map as it was at the call', async () => {
    const columns = Uint32Array.of(7, 2, 11);
    const own = { weights: noise(2 * 3, 4), bias: noise(2, 100), columns };
    const expected = await mapDataset(dataset, own);
    const running = mapDataset(dataset, own);
    own.weights.fill(0);
    own.columns.fill(0);
    structuredClone(own.bias, { transfer: [own.bias.buffer] });
    const result = await running;
    expect(result.columns).toBe(2);
    expect(result.normalized([0, 49])).toEqual(expected.normalized([0, 49]));
  });

  it('can be aborted, and reports progress', async () => {
    const seen: number[] = [];
    await mapDataset(dataset, map, {
      onProgress: ({ step, steps }) => {
        expect(steps).toBe(50);
        seen.push(step);
      },
    });
    expect(seen[0]).toBe(0);
    await expectCode(
      () => mapDataset(dataset, map, { signal: AbortSignal.abort() }),
      'ERR_ABORTED',
    );
    const boom = new Error('boom');
    const failing = mapDataset(dataset, map, {
      onProgress: () => {
        throw boom;
      },
    });
    await expect(failing).rejects.toBe(boom);
  });

  it('gives the same bits on any number of threads', async () => {
    const one = await mapDataset(dataset, map, { threads: 1 });
    const three = await mapDataset(dataset, map, { threads: 3 });
    expect(three.normalized(three.allRows())).toEqual(one.normalized(one.allRows()));
  });

  it.each([
    ['no map', null],
    ['no bias', { weights: map.weights }],
    ['an empty bias', { weights: new Float32Array(0), bias: new Float32Array(0) }],
    ['a weight too few', { ...map, weights: map.weights.subarray(1) }],
    ['doubles', { ...map, weights: Float64Array.from(map.weights) }],
    ['an unknown column', { ...map, columns: Uint32Array.of(0, 12) }],
    ['a column twice', { weights: noise(4, 1), bias: map.bias, columns: Uint32Array.of(3, 3) }],
    ['no column', { weights: new Float32Array(0), bias: map.bias, columns: new Uint32Array(0) }],
    ['columns in a list', { weights: noise(4, 1), bias: map.bias, columns: [3, 4] }],
    ['not a number', { ...map, weights: map.weights.with(3, Number.NaN) }],
  ])('refuses %s', async (_, bad) => {
    await expectCode(() => mapDataset(dataset, wrong(bad)), 'ERR_INVALID_ARGUMENT');
  });

  it('refuses invalid rows', async () => {
    await expectCode(() => mapDataset(dataset, map, { rows: [50] }), 'ERR_INVALID_ROWS');
    await expectCode(() => mapDataset(dataset, map, { rows: [] }), 'ERR_EMPTY_SET');
    const noRows = { rows: wrong(null) };
    await expectCode(() => mapDataset(dataset, map, noRows), 'ERR_INVALID_ARGUMENT');
  });

  it('refuses a map whose results are not finite', async () => {
    const huge = { weights: new Float32Array(24).fill(3e38), bias: map.bias };
    await expectCode(() => mapDataset(dataset, huge), 'ERR_DIVERGED');
  });
});

describe('foldLinearMap', () => {
  it.each([[[2, 3]], [[2, 9, 5, 3]]])(
    'gives the model %j of the original inputs',
    async (widths) => {
      const small = await mapDataset(dataset, map);
      const model = Model.create(widths, { seed: 3 });
      await model.train(small, { epochs: 3 });
      const folded = await foldLinearMap(model, map);
      expect(folded.widths).toEqual([12, ...widths.slice(1)]);
      expectNear(
        await folded.logits(dataset, dataset.allRows()),
        await model.logits(small, small.allRows()),
      );
    },
  );

  it('gives weights of 0 to columns that the map does not read', async () => {
    const columns = Uint32Array.of(7, 2, 11);
    const narrow = { weights: noise(2 * 3, 4), bias: map.bias, columns };
    const small = await mapDataset(dataset, narrow);
    const model = Model.create([2, 5, 3], { seed: 3 });
    const folded = await foldLinearMap(model, narrow, { inputs: 12 });
    expectNear(
      await folded.logits(dataset, dataset.allRows()),
      await model.logits(small, small.allRows()),
    );
    const firstUnit = folded.parameters().subarray(0, 12);
    expect([...firstUnit.keys()].filter((i) => firstUnit[i] !== 0)).toEqual([2, 7, 11]);
    await expectCode(() => foldLinearMap(model, narrow), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => foldLinearMap(model, narrow, { inputs: 11 }), 'ERR_INVALID_ARGUMENT');
  });

  it('uses the map as it was at the call, and can be aborted', async () => {
    const own = { weights: noise(2 * 3, 4), bias: noise(2, 1), columns: Uint32Array.of(7, 2, 11) };
    const model = Model.create([2, 5, 3], { seed: 3 });
    const expected = (await foldLinearMap(model, own, { inputs: 12 })).hash();
    const running = foldLinearMap(model, own, { inputs: 12, threads: 2 });
    own.columns.set([0, 1, 2]);
    expect((await running).hash()).toBe(expected);
    const aborted = { inputs: 12, signal: AbortSignal.abort() };
    await expectCode(() => foldLinearMap(model, own, aborted), 'ERR_ABORTED');
  });

  it('refuses a map whose outputs are not the inputs of the model', async () => {
    await expectCode(() => foldLinearMap(Model.create([3, 2]), map), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => foldLinearMap(wrong({}), map), 'ERR_INVALID_ARGUMENT');
    const uneven = { weights: map.weights.subarray(1), bias: map.bias };
    const model = Model.create([2, 3]);
    await expectCode(() => foldLinearMap(model, uneven), 'ERR_INVALID_ARGUMENT');
    const narrow = { weights: noise(2, 1), bias: map.bias, columns: Uint32Array.of(0) };
    const none = { weights: new Float32Array(0), bias: map.bias, columns: new Uint32Array(0) };
    await expectCode(() => foldLinearMap(model, none, { inputs: 3 }), 'ERR_INVALID_ARGUMENT');
    for (const inputs of [0, 1.5, 2 ** 40]) {
      await expectCode(() => foldLinearMap(model, narrow, { inputs }), 'ERR_INVALID_ARGUMENT');
    }
  });
});
