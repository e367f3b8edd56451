import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { columnStatistics } from '#lethe/engine/principal-components';
import { type ColumnScales, halfWhitening, scaleRows } from '#lethe/training/column-scales';
import { range } from '../support/toy.js';

const scalesOf = (...variances: number[]) =>
  halfWhitening({
    means: new Float64Array(variances.length),
    variances: Float64Array.from(variances),
  });

describe('half-whitening', () => {
  it('divides by the fourth root of the variance, then by one factor to mean variance 1', () => {
    const { scales, varying } = scalesOf(16, 1, 81);
    // By hand: the median is 16, .16 is added; the mean of v / sqrt(v + .16) is 4.598...
    const roots = [16, 1, 81].map((v) => Math.sqrt(v + 0.16));
    const mean = (16 / roots[0]! + 1 / roots[1]! + 81 / roots[2]!) / 3;
    expect(varying).toBe(3);
    for (const [i, root] of roots.entries()) {
      expect(scales[i]! ** 2).toBeCloseTo(1 / root / mean, 12);
    }
  });

  it('leaves out columns that do not vary, also of the median', () => {
    const { scales, varying } = scalesOf(0, 4, 0, 0, 4);
    expect(varying).toBe(2);
    expect([...scales].map((scale) => scale > 0)).toEqual([false, true, false, false, true]);
    expect(scales[1]! ** 2 * 4).toBeCloseTo(1, 12);
  });

  it('is all zeros where nothing varies', () => {
    expect(scalesOf(0, 0)).toMatchObject({ scales: Float64Array.of(0, 0), varying: 0 });
  });

  it('stays within the range of float32', () => {
    const { scales, unit, varying } = scalesOf(1e-60, 1, 1e60);
    expect(Number.isInteger(Math.log2(unit))).toBe(true);
    for (const scale of scales) {
      // What training multiplies gradients by.
      const rate = Math.fround((scale / unit) ** 2);
      expect(Number.isFinite(rate)).toBe(true);
      expect(scale === 0 || rate > 0).toBe(true);
    }
    expect(varying).toBeGreaterThan(0);
  });

  it('does not shrink the other columns for one that is out of range', () => {
    const { scales, varying } = scalesOf(1, 1, 1e74, 1);
    expect(varying).toBe(3);
    // As without it, but for the floor: the median is 1 either way.
    expect([...scales]).toEqual([...scalesOf(1, 1, 1).scales].toSpliced(2, 0, 0));
  });

  it('has a unit near the median of the scales', () => {
    // Equal variances v: each scale is v^-1/2, and 2^-10 is the power of two next to 1e-3.
    expect(scalesOf(1e6, 1e6, 1e6)).toMatchObject({ unit: 2 ** -10, varying: 3 });
    expect(scalesOf(0, 0).unit).toBe(1);
  });
});

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

  it('weigh less the farther they are, and few of them do not change the scales', async () => {
    const features = usual.slice();
    const far = [7, 100, 250];
    for (const row of far) features[row * columns + 3]! += 1e7 * (row + 1);
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
});
