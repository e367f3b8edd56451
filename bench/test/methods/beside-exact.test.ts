import { describe, expect, it } from 'vitest';
import { besideExact, exactOfEqualCost } from '../../methods/beside-exact.js';
import type { CurvePoint } from '../../methods/exact-curve.js';

const SEEDS = [1, 2, 3];

/** The same of all seeds, or with these differences between them. */
const point = (
  costPercent: number,
  jsForget: number,
  { retain = 98, test = 97, spread = [0, 0, 0] } = {},
): CurvePoint => ({
  ...{ costPercent, jsForget, retain, test, forget: 0 },
  runs: SEEDS.map((seed, i) => ({
    ...{ seed, costPercent, retain, test, jsForget: jsForget + spread[i]! },
  })),
});

describe('the exact retrain of equal cost', () => {
  const curve = [
    point(1, 0.4, { retain: 90, test: 80 }),
    point(4, 0.1, { retain: 96, test: 94 }),
    point(16, 0.2, { retain: 99 }),
  ];

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
  const runsOf = (
    costPercent: number,
    jsForget: number,
    { retain = 97, test = 95, spread = [0, 0, 0], seeds = SEEDS } = {},
  ) =>
    seeds.map((seed, i) => ({
      ...{ seed, costPercent },
      judgement: {
        ...{ jsForget: { value: jsForget + spread[i]! }, forget: { value: 0 } },
        ...{ retain: { value: retain }, test: { value: test }, gap: { reason: 'none' } },
      },
    }));
  const m0 = runsOf(100, 0.05, { retain: 98, test: 96 });
  const curve = [
    point(2, 0.1, { retain: 98.5, test: 96.5 }),
    point(8, 0.3, { retain: 99.5, test: 97.5 }),
  ];
  const beaten = (runs: ReturnType<typeof runsOf>, by = curve) =>
    besideExact(runs, m0, by).isBeaten;

  it('is beaten by what is closer, as accurate, and no dearer', () => {
    expect(beaten(runsOf(2, 0.11))).toBe('yes');
    expect(beaten(runsOf(2, 0.09))).toBe('no');
    expect(beaten(runsOf(1.9, 0.11))).toBe('no');
  });

  it('is beaten by a cheaper retrain where a longer one is farther away', () => {
    expect(beaten(runsOf(8, 0.15))).toBe('yes');
  });

  it('is not beaten by what is less accurate, unless that is as accurate as M0', () => {
    const poor = [point(2, 0.1, { retain: 97.8, test: 97 })];
    expect(beaten(runsOf(2, 0.2, { retain: 97.7 }), poor)).toBe('yes');
    expect(beaten(runsOf(2, 0.2, { retain: 97.85 }), poor)).toBe('no');
    expect(beaten(runsOf(2, 0.2, { retain: 99.9, test: 98 }))).toBe('yes');
  });

  it('is beaten beyond noise by differences of its seeds, not by the spread between them', () => {
    const spread = [-0.05, 0, 0.05];
    const alike = [point(2, 0.1, { retain: 98.5, test: 96.5, spread })];
    expect(beaten(runsOf(2, 0.11, { spread }), alike)).toBe('yes');
    // Differences of 0.01, and of -0.05 to 0.05 about it: the standard error is 0.029.
    expect(beaten(runsOf(2, 0.11, { spread }))).toBe('by the means');
    expect(beaten(runsOf(2, 0.2, { spread }))).toBe('by the means');
    expect(beaten(runsOf(2, 0.22, { spread }))).toBe('yes'); // 0.12 of 0.029 each
    // One seed has no standard error; others may have diverged.
    expect(beaten(runsOf(2, 0.3, { seeds: [2] }))).toBe('by the means');
    expect(beaten(runsOf(2, 0.3, { seeds: [1, 3] }))).toBe('yes');
  });

  it('stands beside the means of the curve', () => {
    expect(besideExact(runsOf(2, 0.3), m0, curve)).toEqual({
      equalCost: { jsForget: 0.1, retain: 98.5, test: 96.5 },
      isBeaten: 'yes',
    });
    expect(besideExact(runsOf(1, 0.9), m0, curve)).toEqual({ isBeaten: 'no' });
  });
});
