import { expect, it } from 'vitest';
import { interleave, percentile, rangeOf, ratios } from '../../support/timing.js';

it('sums values up as their median, least and most', () => {
  expect(rangeOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(rangeOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(rangeOf([7])).toEqual({ median: 7, min: 7, max: 7 });
});

it('finds the value that so many percent do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(percentile(values, 99)).toBe(198);
  expect(percentile(values, 100)).toBe(200);
  expect(percentile([5], 99)).toBe(5);
});

it('takes the quotients round by round', () => {
  expect(ratios([2, 9, 8], [1, 3, 2])).toEqual({ median: 3, min: 2, max: 4 });
});

it('measures the contenders in turns', async () => {
  const order: string[] = [];
  const contender = (name: string) => async () => order.push(name);
  expect(await interleave(2, { a: contender('a'), b: contender('b') })).toEqual({
    a: [1, 3],
    b: [2, 4],
  });
  expect(order).toEqual(['a', 'b', 'a', 'b']);
});
