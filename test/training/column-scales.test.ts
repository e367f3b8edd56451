import { describe, expect, it } from 'vitest';
import { halfWhitening } from '#lethe/training/column-scales';

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

  it('gives no column over a hundred times the variance of the median one', () => {
    const { scales } = scalesOf(1, 1, 1, 1e10);
    expect((scales[3]! * scales[3]! * 1e10) / (scales[0]! * scales[0]!)).toBeCloseTo(100, 6);
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
