import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { mergeNets } from '#lethe/training/fast/merge-nets';
import { toyDataset } from '../../support/toy.js';

const dataset = toyDataset({ rows: 30 });

/** The mean of the models' logits. */
async function meanLogits(models: readonly Model[]): Promise<Float32Array> {
  const all = await Promise.all(models.map((m) => m.logits(dataset, dataset.allRows())));
  return all[0]!.map((_, i) => all.reduce((sum, logits) => sum + logits[i]!, 0) / all.length);
}

describe('mergeNets', () => {
  it.each([
    [
      'of one hidden layer',
      [
        [12, 4, 3],
        [12, 4, 3],
      ],
    ],
    [
      'of two, of different widths',
      [
        [12, 5, 3, 3],
        [12, 4, 2, 3],
        [12, 6, 4, 3],
      ],
    ],
    [
      'without hidden layers',
      [
        [12, 3],
        [12, 3],
      ],
    ],
    ['alone', [[12, 7, 3]]],
  ])('answers the mean logits of networks %s', async (_, shapes) => {
    const models = shapes.map((widths, seed) => Model.create(widths, { seed }));
    const merged = mergeNets(models);
    const inner = shapes[0]!
      .slice(1, -1)
      .map((_, l) => shapes.reduce((sum, w) => sum + w[l + 1]!, 0));
    expect(merged.widths).toEqual([12, ...inner, 3]);
    const expected = await meanLogits(models);
    const actual = await merged.logits(dataset, dataset.allRows());
    for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, 5);
  });
});
