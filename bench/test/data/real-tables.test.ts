import { describe, expect, it } from 'vitest';
import { shuffled } from '../../data/bench-set.js';
import { Draws } from '../../data/draws.js';
import { standardized } from '../../data/real-tables.js';

/** Columns of 2, 4, 6; of 5; and of the row's number, which is its label too. */
const rows = {
  ...{ columns: 3, classes: 3, labels: Uint32Array.of(0, 1, 2) },
  features: Float32Array.of(2, 5, 0, 4, 5, 1, 6, 5, 2),
};

describe('a table', () => {
  it('is scaled to mean 0 and variance 1, but for constant columns', () => {
    const { features } = standardized(rows);
    // The variance of 2, 4, 6 is 8 / 3, that of 0, 1, 2 is 2 / 3.
    const one = Math.sqrt(1.5);
    [-one, 0, -one, 0, 0, 0, one, 0, one].forEach((value, i) => {
      expect(features[i]).toBeCloseTo(value, 6);
    });
    expect(rows.features[0]).toBe(2);
  });

  it('is shuffled with its labels', () => {
    const orders = Array.from({ length: 20 }, (_, i) => shuffled(rows, new Draws(`${i}`)));
    for (const { features, labels } of orders) {
      expect([...labels].sort()).toEqual([0, 1, 2]);
      labels.forEach((label, row) => {
        expect([...features.subarray(3 * row, 3 * row + 3)]).toEqual([2 + 2 * label, 5, label]);
      });
    }
    expect(new Set(orders.map(({ labels }) => labels.join())).size).toBe(6);
  });
});
