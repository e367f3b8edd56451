import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DigitsOptions, syntheticDigits } from '#lethe/datasets/synthetic-digits';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';

const SMALL = { trainRows: 3000, testRows: 1000 };
const { train, test } = syntheticDigits(SMALL);

describe('synthetic digits', () => {
  it('have the shape of MNIST, but another name', () => {
    expect(train).toMatchObject({ rows: 3000, columns: 784, classes: 10 });
    expect(test).toMatchObject({ rows: 1000, columns: 784, classes: 10 });
    expect([train.name, test.name]).toEqual(['synthetic digits train', 'synthetic digits test']);
  });

  it('have about as much ink as MNIST, on a background of 0, within the frame', () => {
    const values = Array.from(train.features);
    const share = values.filter((value) => value > 0).length / values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    // MNIST: 0.191 and 33.3.
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
    expect(mean).toBeGreaterThan(20);
    expect(mean).toBeLessThan(45);
  });

  it('have every class about equally often, and distinct rows', () => {
    const counts = new Uint32Array(10);
    for (const label of train.labels) counts[label]!++;
    // 300 are expected, with a standard deviation of 16.4.
    for (const count of counts) expect(Math.abs(count - 300)).toBeLessThan(82);
    const rows = new Set(
      [train, test].flatMap(({ features, rows }) =>
        Array.from({ length: rows }, (_, row) =>
          Buffer.from(features.subarray(784 * row, 784 * (row + 1))).toString('base64'),
        ),
      ),
    );
    expect(rows.size).toBe(4000);
  });

  it('are a function of the seed, independent of other draws', () => {
    const { train: fewer } = syntheticDigits({ ...SMALL, trainRows: 100 });
    expect(fewer.features).toEqual(train.features.subarray(0, 78_400));
    const { train: other } = syntheticDigits({ ...SMALL, trainRows: 100, seed: 1 });
    expect(other.features).not.toEqual(fewer.features);
  });

  it('keep their bytes from release to release', () => {
    const hash = createHash('sha256').update(train.features).update(Uint8Array.from(train.labels));
    expect(hash.digest('hex')).toBe(
      '3e18902f803aad6862d7578a5df36e7c2df627ddf4b36c6351c2a368d4f521af',
    );
  });

  it('can be learned', async () => {
    const model = Model.create([784, 64, 10], { seed: 1 });
    await model.train(new Dataset(train), { epochs: 10 });
    const rows = new Dataset(test);
    const { accuracy } = await model.evaluate(rows, rows.allRows());
    // With a twentieth of the rows and a small network. All rows and the study's network reach 98.5
    // to 98.7 %.
    expect(accuracy).toBeGreaterThan(70);
    expect(accuracy).toBeLessThan(95);
  });

  it.each<DigitsOptions>([
    { trainRows: 0 },
    { testRows: 1.5 },
    { seed: -1 },
    { trainRows: wrong('9') },
  ])('refuse %j', async (options) => {
    await expectCode(() => syntheticDigits(options), 'ERR_INVALID_ARGUMENT');
  });
});
