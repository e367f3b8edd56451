import { describe, expect, it } from 'vitest';
import { summarize } from '../../support/statistics.js';

describe('summarize', () => {
  it('gives the mean and the sample standard deviation', () => {
    // 2, 4, 4, 4, 5, 5, 7, 9: squared deviations add up to 32, over n - 1 = 7.
    const { mean, sd, runs } = summarize([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(sd).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(runs.length).toBe(8);
  });

  it('knows no spread of a single run', () => {
    expect(summarize([3])).toEqual({ mean: 3, sd: 0, runs: [3] });
  });
});
