import { describe, expect, it } from 'vitest';
import { Draws, weighted } from '../../data/draws.js';

const COUNT = 200_000;

function drawn(next: (draws: Draws) => number): Float64Array {
  const draws = new Draws('test');
  return Float64Array.from({ length: COUNT }, () => next(draws));
}

const shareOf = (values: Float64Array, isMeant: (value: number) => boolean) =>
  values.filter(isMeant).length / values.length;

describe('the numbers of the generators', () => {
  it('are a function of the name', () => {
    const first = (name: string) => {
      const draws = new Draws(name);
      return Array.from({ length: 8 }, () => draws.uniform());
    };
    expect(first('a')).toEqual(first('a'));
    expect(first('a')).not.toEqual(first('b'));
  });

  it('are uniform', () => {
    const values = drawn((draws) => draws.uniform());
    for (const at of [0.001, 0.1, 0.5, 0.9]) {
      expect(Math.abs(shareOf(values, (value) => value < at) - at)).toBeLessThan(0.005);
    }
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  });

  // The normal distribution's and Student's t: 0.8413, 0.9772; of 3 degrees 0.8045, 0.9303.
  it.each([
    ['normal', (draws: Draws) => draws.normal(), 0.8413, 0.9772],
    ["Student's t", (draws: Draws) => draws.studentT(3), 0.8045, 0.9303],
  ] as const)('are %s', (_, next, below1, below2) => {
    const values = drawn(next);
    expect(shareOf(values, (value) => value < 0)).toBeCloseTo(0.5, 2);
    expect(shareOf(values, (value) => value < 1)).toBeCloseTo(below1, 2);
    expect(shareOf(values, (value) => value < 2)).toBeCloseTo(below2, 2);
  });

  it('follow weights', () => {
    const draws = new Draws('test');
    const next = weighted(draws, [1, 0, 3]);
    const values = drawn(next);
    expect(shareOf(values, (value) => value === 0)).toBeCloseTo(0.25, 2);
    expect(shareOf(values, (value) => value === 1)).toBe(0);
    expect(shareOf(values, (value) => value === 2)).toBeCloseTo(0.75, 2);
  });

  it('shuffle without loss', () => {
    const values = new Draws('test').distinct(100, 100);
    expect(values).not.toEqual(values.toSorted((a, b) => a - b));
    expect(new Set(values).size).toBe(100);
  });
});
