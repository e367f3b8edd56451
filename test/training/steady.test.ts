import { createRequire } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { Stopwatch } from '#lethe/base/stopwatch';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import type { NativeAddon } from '#lethe/engine/native';
import { columnStatistics } from '#lethe/engine/principal-components';
import { halfWhitening } from '#lethe/training/column-scales';
import { scaleRows } from '#lethe/training/outliers';
import { steadyLength, trainOneCycle, trainSteadily } from '#lethe/training/steady';
import type { TrainingRun } from '#lethe/training/training-run';
import { Fixture } from '../support/fixture.js';
import { range, toyData, toyDataset } from '../support/toy.js';

/** The addon object that the engine calls. */
const addon = createRequire(import.meta.url)('../../build/Release/lethe.node') as NativeAddon;

const runOf = (dataset: Dataset, widths: readonly number[], rows = range(0, dataset.rows)) => ({
  ...{ widths, dataset, rows: dataset.rowSet(rows), seed: 7, watch: new Stopwatch() },
});

const train = (run: TrainingRun, epochs = 2) => trainSteadily(run, epochs, {});

describe('one cycle', () => {
  it('gives the parameters of PyTorch on half-whitened features', async () => {
    const fixture = new Fixture('steady');
    const features = fixture.floats('x');
    const labels = fixture.indices('labels');
    const shape = { name: 'fixture', rows: 200, columns: 7, classes: 3 };
    const dataset = new Dataset({ ...shape, features, labels });
    const columns = halfWhitening(await columnStatistics(dataset, dataset.allRows()));
    const { model, steps } = await trainOneCycle(
      {
        ...runOf(dataset, fixture.widths),
        scaled: { columns, weights: undefined, outliers: 0, multiplyAdds: 0 },
        length: { steps: 150, batchSize: 64 },
      },
      {},
    );
    expect(steps).toBe(150);
    // The networks are compared, because a large weight of a small column would hide the others.
    const expected = Model.fromParameters(fixture.widths, fixture.vector('steady.'));
    const [ours, theirs] = await Promise.all(
      [model, expected].map((of) => of.logits(dataset, dataset.allRows())),
    );
    const largest = Math.max(...theirs!.map(Math.abs));
    for (let i = 0; i < ours!.length; i++) {
      expect(Math.abs(ours![i]! - theirs![i]!)).toBeLessThan(2e-4 * largest);
    }
  });
});

describe('the length of a run', () => {
  it.each([
    // 64 rows a step; at least 150 steps.
    [64_000, 2, 2000, 64],
    [6400, 1.9, 190, 64],
    [6400, 0.01, 150, 64],
    [2000, 1.9, 150, 64],
    // Below 2,000 rows 16 a step: at least 9,600 visits times (2000 / rows)^2, up to 60,000.
    [1600, 1.9, 938, 16],
    [1000, 1.9, 2400, 16],
    [999, 100, 6244, 16],
    [640, 2, 3750, 16],
    [100, 5, 3750, 16],
    // With fewer rows than that as many steps, each of all rows.
    [10, 2, 3750, 10],
    [1, 2, 3750, 1],
  ])('of %i rows for %d epochs is %i steps of %i', (rows, epochs, steps, batchSize) => {
    expect(steadyLength(rows, epochs)).toEqual({ steps, batchSize });
  });
});

describe('the steady recipe', () => {
  it('is one cycle on scaled columns', async () => {
    const dataset = toyDataset({ rows: 700 });
    const run = runOf(dataset, [12, 8, 3], range(0, 650));
    const expected = await trainOneCycle(
      { ...run, scaled: await scaleRows(dataset, run.rows), length: steadyLength(650, 2) },
      {},
    );
    expect((await train(run)).model.hash()).toBe(expected.model.hash());
  });

  it('says what it does', async () => {
    const dataset = toyDataset({ rows: 6400 });
    const { steps, reasons } = await train(runOf(dataset, [12, 8, 3]), 5);
    expect(steps).toBe(500);
    expect(reasons).toEqual(['500 steps of 64 rows on 12 half-whitened columns']);
    const few = await train(runOf(dataset, [12, 8, 3], range(0, 10)));
    expect(few.reasons).toEqual(['3750 steps of 10 rows on 12 half-whitened columns']);
  });

  it('counts its multiply-adds', async () => {
    const { multiplyAdds } = await train(runOf(toyDataset({ rows: 6400 }), [12, 8, 3]));
    // Statistics and norms, each 2 x 12 a row; 200 steps of 64 rows through 120 weights, backwards
    // through 24.
    expect(multiplyAdds).toBe(6400 * 48 + 200 * 64 * (2 * 120 + 24));
  });

  it('does not learn from a column that does not vary', async () => {
    const data = toyData({ rows: 500 });
    const features = data.features.map((value, i) => (i % 12 === 5 ? 200 : value));
    const dataset = new Dataset({ ...data, features });
    const { model } = await train(runOf(dataset, [12, 8, 3]));
    const parameters = model.parameters();
    for (let unit = 0; unit < 8; unit++) expect(Math.abs(parameters[12 * unit + 5]!)).toBe(0);
  });

  it('gives the most frequent class where no column varies', async () => {
    const data = toyData({ rows: 300 });
    const labels = Uint32Array.from({ length: 300 }, (_, row) => (row % 3 === 0 ? 1 : 2));
    const dataset = new Dataset({ ...data, labels, features: new Uint8Array(3600) });
    const { model, reasons } = await train(runOf(dataset, [12, 8, 3]));
    expect(reasons[0]).toContain('on 0 half-whitened columns');
    expect((await model.evaluate(dataset, dataset.allRows())).correct).toBe(200);
  });

  it('is repeated at a lower rate where it diverges', async () => {
    const dataset = toyDataset({ rows: 100 });
    const rates: unknown[] = [];
    const { pass } = addon;
    vi.spyOn(addon, 'pass').mockImplementation((request, onProgress) => {
      const { learningRate } = request.sink as { learningRate: unknown };
      rates.push(learningRate);
      if (rates.length > 1) return pass(request, onProgress);
      throw Object.assign(new Error('a parameter is not finite'), { code: 'ERR_DIVERGED' });
    });
    const { reasons, multiplyAdds } = await train(runOf(dataset, [12, 8, 3]));
    vi.restoreAllMocks();
    expect(reasons.at(-1)).toBe('diverged: again at a learning rate divided by 8');
    // Both runs count.
    expect(multiplyAdds).toBe(100 * 48 + 2 * 3750 * 16 * (2 * 120 + 24));
    expect(rates).toHaveLength(2);
  });
});
