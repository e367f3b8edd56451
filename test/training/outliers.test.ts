import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { columnStatistics } from '#lethe/engine/principal-components';
import { type ColumnScales, halfWhitening } from '#lethe/training/column-scales';
import { scaleRows } from '#lethe/training/outliers';
import { range } from '../support/toy.js';

/** Reproducible numbers in [-0.5, 0.5). */
const noise = (i: number) => Math.imul(i + 1, 0x9e3779b1) / 2 ** 32;

describe('scaled rows', () => {
  const [rows, columns] = [300, 4];
  const usual = Float32Array.from(
    { length: rows * columns },
    (_, i) => 10 ** (i % columns) * (2 + noise(i)),
  );
  const datasetOf = (features: Float32Array) =>
    new Dataset({
      ...{ name: 'rows', features, rows, columns, classes: 2 },
      labels: Uint32Array.from({ length: rows }, (_, row) => row % 2),
    });
  /** Squared norms of scaled rows, by the definition. */
  const normsOf = (features: Float32Array, { centres, scales }: ColumnScales) =>
    range(0, rows).map((row) =>
      range(0, columns).reduce((sum, j) => {
        const value = (features[row * columns + j]! - centres[j]!) * scales[j]!;
        return sum + value * value;
      }, 0),
    );
  const median = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[values.length >> 1]!;

  it('have full weight where none is far from the others', async () => {
    const dataset = datasetOf(usual);
    const found = await scaleRows(dataset, dataset.allRows());
    expect(found.outliers).toBe(0);
    expect(found.weights).toBeUndefined();
    expect(found.columns).toEqual(
      halfWhitening(await columnStatistics(dataset, dataset.allRows())),
    );
  });

  it('weigh less the farther they are in all columns, and do not change the scales', async () => {
    const features = usual.slice();
    const far = [7, 100, 250];
    for (const row of far) {
      for (let j = 0; j < columns; j++) features[row * columns + j]! *= 100 * (row + 1);
    }
    const dataset = datasetOf(features);
    const found = await scaleRows(dataset, dataset.allRows());
    expect(found.outliers).toBe(3);
    const others = dataset.allRows().filter((row) => !far.includes(row));
    expect(found.columns).toEqual(halfWhitening(await columnStatistics(dataset, others)));
    const norms = normsOf(features, found.columns);
    // Two and a half times the usual distance is still full weight: 6.25 times its square.
    const full = 6.25 * median(norms);
    expect(norms.filter((norm) => norm > full).length).toBe(3);
    norms.forEach((norm, row) => {
      const expected = norm > full ? full / norm : 1;
      expect(Math.abs(found.weights![row]! / expected - 1)).toBeLessThan(1e-6);
    });
  });

  it('are described by the given rows alone', async () => {
    const own = range(0, 200);
    const garbage = usual.map((value, i) => (i < 200 * columns ? value : 1e30 * noise(i)));
    const [a, b] = await Promise.all(
      [usual, garbage].map((features) => {
        const dataset = datasetOf(features);
        return scaleRows(dataset, dataset.rowSet(own));
      }),
    );
    expect(b).toEqual(a);
  });

  it('are no outliers where rare rows are all there is to learn', async () => {
    // Four columns of zeros, in each of which 2 rows of 100 have a 1: eight rows of 100 differ.
    const flags = Float32Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns);
      return Number(row % 50 === 5 * (i % columns));
    });
    const dataset = datasetOf(flags);
    const all = halfWhitening(await columnStatistics(dataset, dataset.allRows()));
    const found = await scaleRows(dataset, dataset.allRows());
    expect(found).toMatchObject({ outliers: 0, columns: all });
    // And fewer still: four rows, without which no column would vary.
    const few = datasetOf(flags.map((flag, i) => (i < 250 * columns ? 0 : flag)));
    const ofFew = await scaleRows(few, few.allRows());
    expect(ofFew.outliers).toBe(0);
    expect(ofFew.columns.varying).toBeGreaterThan(0);
  });
});
