import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { measureQuality, qualityOf } from '#lethe/training/quality';
import { range, TOY_WIDTHS, toyData } from '../support/toy.js';

describe('quality', () => {
  it('is accuracy, the mean recall of the classes there are, and the share of the largest', () => {
    const labels = Uint32Array.of(0, 0, 0, 0, 0, 2, 2, 3);
    const hits = Uint8Array.of(1, 1, 1, 1, 0, 1, 0, 0);
    expect(qualityOf(hits, labels, 5)).toEqual({
      rows: 8,
      accuracy: 62.5,
      macroRecall: (100 * (0.8 + 0.5 + 0)) / 3,
      mostFrequentClass: 62.5,
    });
  });

  it('agrees with Model.evaluate on the same rows', async () => {
    const dataset = new Dataset(toyData());
    const rows = dataset.rowSet(range(10, 200));
    const model = Model.create(TOY_WIDTHS, { seed: 3 });
    await model.train(dataset, { rows, epochs: 1 });
    const quality = await measureQuality(model, dataset, rows, {});
    const { accuracy } = await model.evaluate(dataset, rows);
    expect(quality.rows).toBe(190);
    expect(quality.accuracy).toBeCloseTo(accuracy, 10);
  });
});
