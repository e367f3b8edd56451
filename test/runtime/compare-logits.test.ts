import { describe, expect, it } from 'vitest';
import { compareLogits } from '#lethe/runtime/compare-logits';

const compare = (engine: number[], runtime: number[], classes: number, tolerance?: number) =>
  compareLogits(Float32Array.from(engine), Float32Array.from(runtime), classes, tolerance);

describe('compareLogits', () => {
  it('accepts equal logits', () => {
    expect(compare([1, 2, 3, 6, 5, 4], [1, 2, 3, 6, 5, 4], 3)).toEqual({
      rows: 2,
      ties: 0,
      agreeing: 2,
      maxAbsDiff: 0,
    });
  });

  it('measures differences within the tolerance', () => {
    const { maxAbsDiff, disagreement } = compare([1, 2.00005], [1, 2], 2);
    expect(disagreement).toBeUndefined();
    expect(maxAbsDiff).toBeCloseTo(5e-5, 6);
  });

  it('reports the first logit that differs by more', () => {
    expect(compare([0, 5, 0, 5, 1, 5, 9, 5], [0, 5, 0, 5, 2, 5, 0, 5], 2).disagreement).toEqual({
      row: 2,
      kind: 'logit',
      class: 0,
      engine: 1,
      runtime: 2,
      allowed: 1e-4,
    });
  });

  it.each([200, -200])('lets the tolerance grow with the largest logit of a row: %d', (large) => {
    expect(compare([large, 1.0009], [large, 1], 2).disagreement).toBeUndefined();
    expect(compare([large, 1.0011], [large, 1], 2).disagreement).toMatchObject({ class: 1 });
    expect(compare([large, 0, 0, 1.0009], [large, 0, 0, 1], 2).disagreement).toMatchObject({
      row: 1,
    });
  });

  it('takes the scale from the runtime, not from what it checks', () => {
    expect(compare([1e9, 0], [1, 0], 2).disagreement).toMatchObject({ allowed: 1e-4 });
  });

  it('counts rows whose two largest logits are close as ties, where either class may win', () => {
    const swapped = compare([0, 1.00002, 1], [0, 1, 1.00002], 3);
    expect(swapped).toMatchObject({ ties: 1, agreeing: 0 });
    expect(swapped.disagreement).toBeUndefined();
    expect(compare([1, 1], [1, 1], 2)).toMatchObject({ ties: 1, agreeing: 0 });
    expect(compare([0, 0, 1], [0, 0, 1], 3)).toMatchObject({ ties: 0, agreeing: 1 });
  });

  it('reports predictions that differ even if each logit is within the tolerance', () => {
    expect(compare([1.0625, 1.0625], [1, 1.125], 2, 0.1)).toEqual({
      rows: 1,
      ties: 0,
      agreeing: 0,
      maxAbsDiff: 0.0625,
      disagreement: { row: 0, kind: 'prediction', engine: 0, runtime: 1 },
    });
  });

  it.each([
    ['both not a number', Number.NaN, Number.NaN],
    ['both infinite', Infinity, Infinity],
    ['the engine alone', -Infinity, 0],
    ['the runtime alone', 0, Number.NaN],
  ])('refuses logits that are not finite: %s', (_, engine, runtime) => {
    const comparison = compare([0, 1, engine, 1], [0, 1, runtime, 1], 2);
    expect(comparison.maxAbsDiff).toBe(0);
    expect(comparison.disagreement).toMatchObject({
      row: 1,
      kind: 'notFinite',
      class: 0,
      engine,
      runtime,
    });
  });

  it('finds no ties with a single class', () => {
    expect(compare([3, 0], [3, 0], 1)).toMatchObject({ rows: 2, ties: 0, agreeing: 2 });
  });

  it.each([
    [
      [1, 2],
      [1, 2, 3, 4],
    ],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  ])('refuses lengths that are not the same whole number of rows', (engine, runtime) => {
    expect(() => compare(engine, runtime, 2)).toThrow(
      expect.objectContaining({ code: 'ERR_VERIFICATION_FAILED' }),
    );
  });
});
