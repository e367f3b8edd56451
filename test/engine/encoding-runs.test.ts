import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copied } from '#lethe/base/copied';
import { Dataset } from '#lethe/engine/dataset';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import type { InputMap } from '#lethe/engine/encoding/input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { trainMany } from '#lethe/jobs/train-many';
import { expectCode, failure, wrong } from '../support/errors.js';
import { RAW_INPUTS, RAW_WIDTHS, rawDataset, rawRows } from '../support/raw-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { ENDLESS } from '../support/toy.js';

const rows = rawRows(300);
/** Maps of the same columns, fitted on different rows. */
const maps: InputMap[] = [];
const whole = await rawDataset(rows);
for (const part of [whole.allRows(), whole.rowSet([1, 2, 3, 50]), whole.allRows().slice(100)]) {
  maps.push(await fitInputMap(whole, part));
}
const fresh = (map = 0, seed = 0) =>
  Model.create(RAW_WIDTHS, { seed }).withFacts({ inputMap: maps[map]! });

/** The same rows as inputs that nobody has to encode. */
async function plain(map = 0): Promise<Dataset> {
  const inputs = await inputRows({ inputMap: maps[map]! }, whole);
  return new Dataset({
    ...{ name: 'plain', rows: whole.rows, columns: RAW_INPUTS, classes: 3 },
    ...{ features: inputs.normalized(whole.allRows()), labels: whole.labels, ids: whole.ids },
  });
}

/** An array of these values that loses its memory. */
function detached(values: Float32Array): Float32Array {
  structuredClone(values.buffer, { transfer: [values.buffer] });
  return values;
}

describe('a pass over encoded rows', () => {
  const weights = () => Float32Array.from({ length: 300 }, (_, row) => (row % 3) - 0.5);
  const gradient = (dataset: Dataset, rowWeights: Float32Array) =>
    pass(
      fresh(),
      dataset,
      { rows: dataset.allRows(), batchSize: 50 },
      { target: 'label', rowWeights },
      { kind: 'gradient' },
    );

  it('reads its arrays as they were when it began', async () => {
    const model = Model.create(RAW_WIDTHS);
    const expected = await pass(
      model,
      await plain(),
      { rows: [...whole.allRows()], batchSize: 50 },
      { target: 'label', rowWeights: weights() },
      { kind: 'gradient' },
    );
    for (const change of [
      (values: Float32Array) => values.fill(Number.NaN),
      (values: Float32Array) => detached(values),
    ]) {
      const own = weights();
      const run = gradient(await rawDataset(rows), own);
      change(own);
      expect((await run).values).toEqual(expected.values);
    }
    const gradientOf = async (isChanged: boolean) => {
      const distributions = new Float32Array(900).fill(1 / 3);
      const list = [...whole.allRows()];
      const run = pass(
        fresh(),
        await rawDataset(rows),
        { rows: list },
        { target: 'explicit', distributions },
        { kind: 'gradient' },
      );
      if (isChanged) {
        distributions.fill(5);
        list.length = 3;
      }
      return (await run).values;
    };
    expect(await gradientOf(true)).toEqual(await gradientOf(false));
  });

  it('refuses what it would refuse of other rows, by the same error', async () => {
    const other = await plain();
    const model = Model.create(RAW_WIDTHS);
    for (const [objective, sink] of [
      [{ target: 'label', rowWeights: detached(weights()) }, { kind: 'gradient' }],
      [{ target: 'label', rowWeights: new Float32Array(3) }, { kind: 'gradient' }],
      [{ target: 'label', weight: () => 1 }, { kind: 'gradient' }],
      [{ target: 'label', weight: Symbol('one') }, { kind: 'gradient' }],
      [{ target: 'label', weight: '1' }, { kind: 'gradient' }],
      [{ target: 'explicit', distributions: detached(new Float32Array(900)) }, { kind: 'logits' }],
      [{ target: 'label' }, { kind: 'sgd', learningRate: () => 1 }],
      [{ target: 'label' }, { kind: 'squaredGradient', mode: () => 1 }],
    ]) {
      const run = (network: Model, dataset: Dataset) =>
        pass(network, dataset, { rows: dataset.allRows() }, wrong(objective), wrong(sink));
      const expected = await expectCode(() => run(model, other), 'ERR_INVALID_ARGUMENT');
      const found = await failure(async () => run(fresh(), await rawDataset(rows)));
      expect(found).toEqual(expected);
    }
  });

  it.each(['2', 0, -1, 1.5, 1e9, Number.NaN, null, {}])('refuses %j threads', async (threads) => {
    const dataset = await rawDataset(rows);
    const options = { threads: wrong(threads) };
    for (const run of [
      () => fresh().train(dataset, options),
      () => fresh().logits(dataset, [0], options),
      () => fresh().evaluate(dataset, [0], options),
    ]) {
      await expectCode(run, 'ERR_INVALID_ARGUMENT');
    }
  });

  it('ends where its signal aborts, before, while and after rows are encoded', async () => {
    const model = fresh();
    const hash = model.hash();
    for (const delay of [undefined, 0, 30]) {
      const controller = new AbortController();
      if (delay === undefined) controller.abort();
      const run = model.train(await rawDataset(rows), { ...ENDLESS, signal: controller.signal });
      if (delay !== undefined) setTimeout(() => controller.abort(), delay);
      await expectCode(() => run, 'ERR_ABORTED');
      expect(model.hash()).toBe(hash);
    }
  });

  it('lets its model be changed by one run at a time', async () => {
    const model = fresh();
    const dataset = await rawDataset(rows);
    const runs = await Promise.allSettled([model.train(dataset), model.train(dataset)]);
    const failed = runs.flatMap((run) => (run.status === 'rejected' ? [run.reason.code] : []));
    expect(failed).toEqual(['ERR_BUSY']);
  });
});

describe('models of different maps', () => {
  const train = async (map: number, dataset: Dataset) => {
    const model = fresh(map, map);
    await model.train(dataset, { seed: map });
    return model;
  };

  it('train on one data set side by side as each alone', async () => {
    const alone = [];
    for (const map of maps.keys()) {
      const model = Model.create(RAW_WIDTHS, { seed: map });
      await model.train(await plain(map), { seed: map });
      alone.push(model.withFacts({ inputMap: maps[map] }).hash());
    }
    expect(new Set(alone).size).toBe(3);
    const dataset = await rawDataset(rows);
    const together = await Promise.all(maps.map((_, map) => train(map, dataset)));
    expect(together.map((model) => model.hash())).toEqual(alone);
    const many = maps.map((_, map) => fresh(map, map));
    await trainMany(
      many.map((model, seed) => ({ model, dataset, seed })),
      { threads: 2 },
    );
    expect(many.map((model) => model.hash())).toEqual(alone);
  });

  it('answer together', async () => {
    const dataset = await rawDataset(rows);
    const models = await Promise.all(maps.map((_, map) => train(map, dataset)));
    const ensemble = new Ensemble(models.map((model, i) => ({ model, weight: i + 1 })));
    const list = dataset.rowSet([...Array(40).keys()]);
    const logits = await ensemble.logits(dataset, list);
    expect(ensemble.predict(dataset.stored(list) as Float32Array)).toEqual(logits);
    const records = rows.slice(0, 40).map(({ features }) => ({ ...features }));
    const named = models.map((model) =>
      model.withFacts({ featureNames: ['age', 'income', 'country', 'score'] }),
    );
    const byName = new Ensemble(named.map((model, i) => ({ model, weight: i + 1 })));
    expect(byName.predict(records)).toEqual(logits);
    const again = await ensemble.evaluate(dataset, list);
    expect(again.rows).toBe(40);
  });

  it('take a map that has been copied to and from another thread', async () => {
    const map = structuredClone(maps[0]!);
    expect(Model.create(RAW_WIDTHS).withFacts({ inputMap: map }).hash()).toBe(fresh().hash());
    expect(fresh().hash()).not.toBe(fresh(1).hash());
    expect(fresh().hash()).not.toBe(Model.create(RAW_WIDTHS).hash());
  });
});

describe('an erasure', () => {
  const zeros = new Float32Array(2 * RAW_INPUTS);
  const stored = ({ handle }: Dataset, list: number[]) =>
    handle.stored({ rows: Uint32Array.from(list) });

  it.each(['memory', 'a row file'])('reaches every encoded copy of rows in %s', async (place) => {
    let dataset = await rawDataset(rows);
    if (place === 'a row file') {
      const path = join(await temporaryFolder(), 'rows.safetensors');
      await dataset.save(path);
      dataset = await Dataset.open(path);
    }
    const copies = [];
    for (const inputMap of maps) copies.push(await inputRows({ inputMap }, dataset));
    const before = copies.map((copy) => stored(copy, [6, 8]));
    for (const copy of copies) expect(stored(copy, [5, 7])).not.toEqual(zeros);
    await dataset.erase([50, 70]);
    for (const [i, copy] of copies.entries()) {
      expect(stored(copy, [5, 7])).toEqual(zeros);
      expect(stored(copy, [6, 8])).toEqual(before[i]);
      await expectCode(() => copy.normalized([5]), 'ERR_ERASED_ROW');
    }
    const model = fresh();
    await expectCode(() => model.logits(dataset, [5]), 'ERR_ERASED_ROW');
    const left = await rawDataset(rows.filter((_, row) => row !== 5 && row !== 7));
    await model.train(dataset);
    const expected = fresh();
    await expected.train(left);
    expect(model.hash()).toBe(expected.hash());
  });

  it('waits until rows are encoded and read', async () => {
    const dataset = await rawDataset(rows);
    const run = fresh().train(dataset);
    await expectCode(() => dataset.erase([0]), 'ERR_BUSY');
    await expectCode(() => dataset.close(), 'ERR_BUSY');
    await run;
    const fit = fitInputMap(dataset, dataset.allRows());
    await expectCode(() => dataset.erase([0]), 'ERR_BUSY');
    await fit;
    const erasing = dataset.erase([0]);
    for (const read of [
      () => fresh().train(dataset),
      () => fresh(1).logits(dataset, [1]),
      () => fitInputMap(dataset, [1]),
    ]) {
      await expectCode(read, 'ERR_BUSY');
    }
    await erasing;
    expect((await fresh().logits(dataset, [1])).every(Number.isFinite)).toBe(true);
  });

  it('can follow a run that was aborted while rows were being encoded', async () => {
    const dataset = await rawDataset(rows);
    const controller = new AbortController();
    const run = fresh().train(dataset, { ...ENDLESS, signal: controller.signal });
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
    const copy = await inputRows({ inputMap: maps[0]! }, dataset);
    await dataset.erase([0]);
    expect(stored(copy, [0])).toEqual(new Float32Array(RAW_INPUTS));
  });
});

it('a data set that is closed closes its encoded copies too', async () => {
  const dataset = await rawDataset(rows);
  const model = fresh();
  await model.train(dataset);
  const copy = await inputRows({ inputMap: maps[0]! }, dataset);
  dataset.close();
  for (const read of [
    () => copy.stored([0]),
    () => model.train(dataset),
    () => model.logits(dataset, [0]),
    () => model.evaluate(dataset, [0]),
    () => dataset.digest(),
  ]) {
    const error = await expectCode(read, 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('closed');
  }
});

describe('copied', () => {
  it('copies plain objects, lists and typed arrays, and shares the rest', () => {
    const signal = new AbortController().signal;
    const act = () => {};
    const value = {
      ...{ list: [1, [2]], numbers: Float32Array.of(1, 2), signal, act, none: null, text: 'x' },
      inner: Object.assign(Object.create(null), { deep: Uint32Array.of(3) }),
      lost: detached(new Float32Array(2)),
    };
    const copy = copied(value);
    expect(copy).toEqual({ ...value, lost: new Float32Array(0) });
    expect(copy.signal).toBe(signal);
    expect(copy.act).toBe(act);
    for (const name of ['list', 'numbers', 'inner'] as const) {
      expect(copy[name]).not.toBe(value[name]);
    }
    expect(copy.list[1]).not.toBe(value.list[1]);
    expect(copy.inner.deep).not.toBe(value.inner.deep);
  });

  it('ends where an object holds itself', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(copied(circle)).toHaveProperty('self');
  });
});
