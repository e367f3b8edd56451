import { describe, expect, it } from 'vitest';
import {
  besideExact,
  type CurvePoint,
  exactOfEqualCost,
  isBeaten,
} from '#lethe/bench/methods/exact-curve';

const point = (costPercent: number, jsForget: number, retain = 98, test = 97): CurvePoint => ({
  ...{ costPercent, jsForget, retain, test, forget: 0 },
});

describe('the exact retrain of equal cost', () => {
  const curve = [point(1, 0.4, 90, 80), point(4, 0.1, 96, 94), point(16, 0.2, 99, 97)];

  it('lies between two others by the logarithm of the cost', () => {
    // 2 is half way from 1 to 4, and 8 from 4 to 16.
    expect(exactOfEqualCost(curve, 2)).toEqual({ jsForget: 0.25, retain: 93, test: 87 });
    const later = exactOfEqualCost(curve, 8)!;
    expect(later.jsForget).toBeCloseTo(0.15, 12);
    expect(later.retain).toBe(97.5);
  });

  it('is a measured one at its own cost, and the dearest beyond', () => {
    for (const { costPercent, jsForget, retain, test } of curve) {
      expect(exactOfEqualCost(curve, costPercent)).toEqual({ jsForget, retain, test });
    }
    expect(exactOfEqualCost(curve, 50)).toEqual({ jsForget: 0.2, retain: 99, test: 97 });
  });

  it('does not exist for less than the cheapest', () => {
    expect(exactOfEqualCost(curve, 0.99)).toBeUndefined();
    expect(exactOfEqualCost(curve, 0)).toBeUndefined();
    expect(exactOfEqualCost([], 5)).toBeUndefined();
  });
});

describe('a method', () => {
  const m0 = { retain: 98, test: 96 };
  const curve = [point(2, 0.1, 98.5, 96.5), point(8, 0.3, 99.5, 97.5)];
  const beaten = (of: { jsForget: number; costPercent: number; retain?: number; test?: number }) =>
    isBeaten({ retain: 97, test: 95, ...of }, m0, curve);

  it('is beaten by what is closer, as accurate, and no dearer', () => {
    expect(beaten({ jsForget: 0.11, costPercent: 2 })).toBe(true);
    expect(beaten({ jsForget: 0.09, costPercent: 2 })).toBe(false);
    expect(beaten({ jsForget: 0.11, costPercent: 1.9 })).toBe(false);
  });

  it('is beaten by a cheaper retrain where a longer one is farther away', () => {
    expect(beaten({ jsForget: 0.15, costPercent: 8 })).toBe(true);
  });

  it('is not beaten by what is less accurate, unless that is as accurate as M0', () => {
    const poor = [point(2, 0.1, 97.8, 97)];
    const method = { jsForget: 0.2, costPercent: 2, test: 95 };
    expect(isBeaten({ ...method, retain: 97.7 }, m0, poor)).toBe(true);
    expect(isBeaten({ ...method, retain: 97.85 }, m0, poor)).toBe(false);
    expect(beaten({ jsForget: 0.2, costPercent: 2, retain: 99.9, test: 98 })).toBe(true);
  });

  it('is compared by the means of its runs', () => {
    const run = (costPercent: number, jsForget: number) => ({
      costPercent,
      judgement: {
        ...{ jsForget: { value: jsForget }, forget: { value: 0 }, gap: { reason: 'none' } },
        ...{ retain: { value: 98 }, test: { value: 96 } },
      },
    });
    const m0Runs = [run(100, 0.05)];
    const found = besideExact([run(1, 0.1), run(3, 0.3)], m0Runs, curve);
    expect(found).toEqual({
      equalCost: { jsForget: 0.1, retain: 98.5, test: 96.5 },
      isBeaten: true,
    });
    expect(besideExact([run(1, 0.9)], m0Runs, curve)).toEqual({ isBeaten: false });
  });
});
