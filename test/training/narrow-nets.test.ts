import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { divergence, trainNarrowNets } from '#lethe/training/narrow-nets';
import { fastRecipe } from '#lethe/training/recipe';
import { toyDataset } from '../support/toy.js';

describe('narrow networks', () => {
  const dataset = toyDataset();
  const recipe = fastRecipe([12, 130, 3], dataset.rows, { batchSize: 16, steps: 60 });
  const attempt = {
    ...{ recipe, steps: 60, learningRate: 0.1, classes: 3 },
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

  it('are not merged if they diverge', async () => {
    const wild = { ...attempt, learningRate: 1e9 };
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
