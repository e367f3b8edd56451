import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { foldLinearMap, mapDataset } from '#lethe/engine/linear-map';
import { Model } from '#lethe/engine/model';
import { factorFirstLayer, withChanges } from '#lethe/unlearn/steps/first-layer';
import { expectCode } from '../../support/errors.js';
import { Fixture } from '../../support/fixture.js';
import { range, TOY_WIDTHS, toyDataset } from '../../support/toy.js';

const dataset = toyDataset();
const model = Model.create(TOY_WIDTHS, { seed: 1 });
await model.train(dataset, { epochs: 5, batchSize: 32, learningRate: 0.05 });
const sample = dataset.rowSet(range(0, 100));

function expectNear(actual: Float32Array, expected: Float32Array) {
  const largest = Math.max(...expected.map(Math.abs));
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * largest);
  });
}

describe('a factored first layer', () => {
  it('is the one that NumPy and PyTorch find', async () => {
    const fixture = new Fixture('methods');
    const original = Model.fromParameters(fixture.widths, fixture.vector());
    const data = new Dataset({
      name: 'fixture',
      features: fixture.floats('x'),
      labels: fixture.indices('labels'),
      ...{ rows: 24, columns: 7, classes: 3 },
    });
    const rows = data.rowSet(range(8, 24));
    const factored = await factorFirstLayer(original, data, rows, { components: 3, seed: 1 });
    const folded = await foldLinearMap(factored.model, factored.map);
    fixture.expectVector(folded.parameters(), 'lowRank.');
  });

  it('has components that are centred, uncorrelated and of mean variance 1', async () => {
    const { map } = await factorFirstLayer(model, dataset, sample, { components: 4, seed: 0 });
    const mapped = await mapDataset(dataset.select(sample), map);
    const values = mapped.normalized(mapped.allRows());
    const moment = (a: number, b: number) =>
      range(0, 100).reduce((sum, row) => sum + values[4 * row + a]! * values[4 * row + b]!, 0) /
      100;
    let variance = 0;
    for (const a of range(0, 4)) {
      variance += moment(a, a) / 4;
      expect(range(0, 100).reduce((sum, row) => sum + values[4 * row + a]!, 0)).toBeCloseTo(0, 3);
      for (const b of range(0, a)) expect(moment(a, b)).toBeCloseTo(0, 3);
    }
    expect(variance).toBeCloseTo(1, 4);
  });

  it('does not change the logits if all components are kept', async () => {
    const { map, model: small } = await factorFirstLayer(model, dataset, dataset.allRows(), {
      ...{ components: 100, seed: 0 },
    });
    // The outputs for 12 inputs vary in at most 12 directions.
    expect(small.widths).toEqual([12, ...TOY_WIDTHS.slice(1)]);
    const folded = await foldLinearMap(small, map);
    const rows = dataset.allRows();
    expectNear(await folded.logits(dataset, rows), await model.logits(dataset, rows));
  });

  it('reads nothing but the sample', async () => {
    const options = { components: 3, seed: 2 };
    const selected = dataset.select(sample);
    const alone = await factorFirstLayer(model, selected, selected.allRows(), options);
    const among = await factorFirstLayer(model, dataset, sample, options);
    expect(among.map).toEqual(alone.map);
    expect(among.model.hash()).toBe(alone.model.hash());
  });

  it('needs a hidden layer whose outputs differ between rows', async () => {
    const options = { components: 3, seed: 0 };
    for (const [of, rows] of [
      [Model.create([12, 3]), sample],
      [model, sample.slice(0, 1)],
    ] as const) {
      await expectCode(() => factorFirstLayer(of, dataset, rows, options), 'ERR_INVALID_ARGUMENT');
    }
  });
});

describe('changes to a factored model', () => {
  const options = { components: 3, seed: 0 };

  it('do nothing to the original if there are none', async () => {
    const factored = await factorFirstLayer(model, dataset, sample, options);
    const same = await withChanges(model, factored, factored.model, {});
    expect(same.parameters()).toEqual(model.parameters());
  });

  it('change the outputs of the first layer as much as in the factored model', async () => {
    const factored = await factorFirstLayer(model, dataset, sample, options);
    const changed = factored.model.clone();
    const mapped = await mapDataset(dataset, factored.map);
    await changed.train(mapped, { epochs: 20, batchSize: 32, learningRate: 0.1 });
    const whole = await withChanges(model, factored, changed, {});
    const first = async (of: Model, data: Dataset) => {
      const [inputs, hidden] = of.widths as [number, number];
      const parameters = of.parameters().subarray(0, (inputs + 1) * hidden);
      return Model.fromParameters([inputs, hidden], parameters).logits(data, data.allRows());
    };
    const [from, to] = [await first(model, dataset), await first(whole, dataset)];
    const [before, after] = [await first(factored.model, mapped), await first(changed, mapped)];
    expectNear(
      to.map((value, i) => value - from[i]!),
      after.map((value, i) => value - before[i]!),
    );
    const above = (of: Model) => of.parameters().subarray((of.widths[0]! + 1) * 16);
    expect(above(whole)).toEqual(above(changed));
  });
});
