import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { Model } from '#lethe/engine/model';
import { divergence } from '#lethe/training/divergence';
import { trainNarrowNets } from '#lethe/training/fast/narrow-nets';
import { fastRecipe } from '#lethe/training/fast/options';
import { range, toyDataset } from '../../support/toy.js';

describe('narrow networks', () => {
  const dataset = toyDataset();
  const recipe = fastRecipe([12, 130, 3], dataset.rows, { batchSize: 16, steps: 60 });
  const attempt = {
    ...{ recipe, classes: 3 },
    seeds: [1, 2].map((seed) => ({ parameters: seed, order: seed + 10, laterOrder: seed + 20 })),
  };

  it('are merged into one network with all hidden units', async () => {
    const { model, steps, multiplyAdds, reason } = await trainNarrowNets(dataset, attempt, {});
    expect(model!.widths).toEqual([12, 130, 3]);
    expect(steps).toBe(120);
    // Two networks 12-65-3: forward and gradients for 975 weights, backward through the last
    // layer's 195.
    expect(multiplyAdds).toBe(2 * 60 * 16 * (2 * 975 + 195));
    expect(reason).toBe('2 x 12-65-3, 60 steps of 16 rows');
    expect((await model!.evaluate(dataset, dataset.allRows())).accuracy).toBeGreaterThan(95);
  });

  it('visit scored rows in two orders, the hardest of twice the batch after a tenth', async () => {
    const [hardest, rest] = [range(0, 60), range(60, 300)].map((rows) => dataset.rowSet(rows));
    const one = fastRecipe([12, 20, 3], dataset.rows, { batchSize: 16, steps: 60 });
    const seeds = [{ parameters: 5, order: 6, laterOrder: 7 }];
    const { model } = await trainNarrowNets(
      dataset,
      { ...attempt, recipe: one, hardest: { hardest: hardest!, rest: rest! }, seeds },
      {},
    );

    // With nothing but Model: 60 hardest rows and 48 others a pass; rates for batches of 16, half of 64's.
    const expected = Model.create([12, 20, 3], { seed: 5 });
    const common = { rows: hardest!, sampledRows: rest!, samplesPerEpoch: 48 };
    const momentum = { momentum: 0.9, nesterov: true };
    await expected.train(dataset, {
      ...{ ...common, ...momentum, batchSize: 16, epochs: 1, maxSteps: 6, seed: 6 },
      learningRate: [
        [0, 0.002],
        [1, 0.05],
      ],
    });
    await expected.train(dataset, {
      ...{ ...common, ...momentum, batchSize: 32, hardest: 16, epochs: 14, maxSteps: 54, seed: 7 },
      learningRate: [
        [0, 0.05],
        [1, 0],
      ],
    });
    expect(model!.hash()).toBe(expected.hash());
  });

  it('are none where they diverge', async () => {
    const wild = { ...attempt, recipe: { ...recipe, learningRate: 1e9 } };
    expect((await trainNarrowNets(dataset, wild, {})).model).toBeUndefined();
  });
});

describe('divergence', () => {
  it('is only the error ERR_DIVERGED', async () => {
    const failing = (error: Error) => divergence(() => Promise.reject(error));
    expect(await divergence(async () => {})).toBe(false);
    expect(await failing(new LetheError('ERR_DIVERGED', ''))).toBe(true);
    const aborted = new LetheError('ERR_ABORTED', '');
    await expect(failing(aborted)).rejects.toBe(aborted);
  });
});
