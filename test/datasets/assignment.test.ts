import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { PhiloxPurpose, PhiloxStream } from '#lethe/base/philox';
import { assignExclusive, assignZipf } from '#lethe/datasets/assignment';
import type { Ownership } from '#lethe/engine/row-subjects';
import { expectCode, wrong } from '../support/errors.js';

function counts({ subjects, owners }: Ownership): number[] {
  const result = new Array<number>(subjects.length).fill(0);
  for (const owner of owners) result[owner]!++;
  return result;
}

const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 500 }),
  users: fc.integer({ min: 1, max: 60 }),
  seed: fc.nat(),
});

describe('assignZipf', () => {
  it('gives every row to a user, and most to the first ones', () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom('contiguous', 'shuffled'), (size, order) => {
        const ownership = assignZipf({ ...size, order });
        const rows = counts(ownership);
        expect(ownership.owners.length).toBe(size.rows);
        expect(rows).toEqual([...rows].sort((a, b) => b - a));
        expect(rows.reduce((a, b) => a + b)).toBe(size.rows);
      }),
      { seed: 1 },
    );
  });

  it('gives contiguous blocks, or the same counts in random places', () => {
    const contiguous = assignZipf({ rows: 1000, seed: 4 });
    const shuffled = assignZipf({ rows: 1000, seed: 4, order: 'shuffled' });
    expect([...contiguous.owners]).toEqual([...contiguous.owners].sort((a, b) => a - b));
    expect([...shuffled.owners]).not.toEqual([...contiguous.owners]);
    expect(counts(shuffled)).toEqual(counts(contiguous));
  });

  it('draws each row by inverting the cumulative weights at a uniform number', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.1, max: 3, noNaN: true }), (size, exponent) => {
        const weights = Array.from({ length: size.users }, (_, i) => (i + 1) ** -exponent);
        const total = weights.reduce((a, b) => a + b);
        const stream = new PhiloxStream(size.seed, PhiloxPurpose.ownershipCounts);
        const drawn = new Array<number>(size.users).fill(0);
        for (let row = 0; row < size.rows; row++) {
          const x = stream.uniform() * total;
          let user = 0;
          for (let sum = weights[0]!; x >= sum; sum += weights[user]!) user++;
          drawn[user]!++;
        }
        expect(counts(assignZipf({ ...size, exponent }))).toEqual(drawn.sort((a, b) => b - a));
      }),
      { seed: 1 },
    );
  });

  it('gives a number on the border between two users to the second', () => {
    // So small an exponent makes both weights 1: the borders are 0, 1 and 2, and the numbers 0 and 1.
    const uniform = vi.spyOn(PhiloxStream.prototype, 'uniform');
    uniform.mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const ownership = assignZipf({ rows: 2, users: 2, exponent: 1e-40 });
    expect(uniform).toHaveBeenCalledTimes(2);
    uniform.mockRestore();
    expect(counts(ownership)).toEqual([1, 1]);
  });

  it('deals the shuffled rows out block by block', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const dealt = Uint32Array.from({ length: size.rows }, (_, row) => row);
        new PhiloxStream(size.seed, PhiloxPurpose.ownershipOrder).shuffle(dealt);
        const { owners } = assignZipf({ ...size, order: 'shuffled' });
        const contiguous = assignZipf({ ...size, order: 'contiguous' });
        expect(dealt.map((row) => owners[row]!)).toEqual(contiguous.owners);
      }),
      { seed: 1 },
    );
  });

  it('depends only on the seed', () => {
    const owners = (seed: number) => [...assignZipf({ rows: 300, seed }).owners];
    expect(owners(1)).toEqual(owners(1));
    expect(owners(1)).not.toEqual(owners(2));
  });

  it('draws the top user with probability 1 / sum of 1 / k^1.5', () => {
    const rows = 60_000;
    const weights = Array.from({ length: 100 }, (_, i) => (i + 1) ** -1.5);
    const p = 1 / weights.reduce((a, b) => a + b);
    const deviation = Math.sqrt(rows * p * (1 - p));
    for (const seed of [42, 43, 44]) {
      const [top] = counts(assignZipf({ rows, seed }));
      expect(Math.abs(top! - rows * p)).toBeLessThan(4 * deviation);
    }
  });

  it('refuses invalid options', async () => {
    for (const bad of [
      { rows: 0 },
      { rows: 1.5 },
      { rows: 2 ** 32 },
      { rows: 10, users: 0 },
      { rows: 10, users: 2 ** 32 },
      { rows: 10, exponent: Number.NaN },
      { rows: 10, exponent: 0 },
      { rows: 10, seed: -1 },
      { rows: 10, order: 'random' as 'shuffled' },
    ]) {
      await expectCode(() => assignZipf(bad), 'ERR_INVALID_ARGUMENT');
    }
  });
});

describe('assignExclusive', () => {
  it("splits MNIST's rows as notebook 3 does", () => {
    const zeros = 5923;
    const labels = Uint32Array.from({ length: 60_000 }, (_, row) =>
      row < zeros ? 0 : 1 + (row % 9),
    );
    const rows = counts(assignExclusive({ labels }));
    // 54,077 rows for 99 users are 546 each, and 569 for the last one.
    expect(rows).toEqual([zeros, ...new Array<number>(98).fill(546), 569]);
  });

  it('gives the first user all rows of the class and no other', () => {
    const labels = Uint32Array.of(2, 0, 1, 2, 2, 1);
    const { owners } = assignExclusive({ labels, users: 3, exclusiveClass: 2 });
    expect([...owners]).toEqual([0, 1, 2, 0, 0, 2]);
  });

  it('gives the others equal blocks, and the remainder to the last one', () => {
    const labelled = fc.array(fc.nat(3), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(labelled, fc.integer({ min: 2, max: 30 }), fc.nat(3), (list, users, gone) => {
        fc.pre(list.includes(gone));
        const labels = Uint32Array.from(list);
        const ownership = assignExclusive({ labels, users, exclusiveClass: gone });
        expect(ownership.owners.length).toBe(list.length);
        const rest = [...ownership.owners].filter((_, row) => list[row] !== gone);
        expect(rest).toEqual([...rest].sort((a, b) => a - b));
        const block = Math.floor(rest.length / (users - 1));
        const last = rest.length - block * (users - 2);
        const others = new Array<number>(users - 2).fill(block);
        expect(counts(ownership)).toEqual([list.length - rest.length, ...others, last]);
      }),
      { seed: 1 },
    );
  });

  it('gives the last user everything if there are more users than rows', () => {
    const { owners } = assignExclusive({ labels: Uint32Array.of(0, 1, 1), users: 9 });
    expect([...owners]).toEqual([0, 8, 8]);
  });

  it('refuses labels that are not a Uint32Array, and invalid options', async () => {
    for (const labels of [[0, 1], new Float32Array(2), undefined]) {
      const options = { labels: wrong(labels) };
      await expectCode(() => assignExclusive(options), 'ERR_INVALID_ARGUMENT');
    }
    await expectCode(() => assignExclusive(wrong(undefined)), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => assignZipf(wrong(null)), 'ERR_INVALID_ARGUMENT');
  });

  it('refuses a single user and a class without rows', async () => {
    const labels = Uint32Array.of(0, 1);
    await expectCode(() => assignExclusive({ labels: Uint32Array.of() }), 'ERR_EMPTY_SET');
    await expectCode(() => assignExclusive({ labels, users: 1 }), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => assignExclusive({ labels, exclusiveClass: 5 }), 'ERR_EMPTY_SET');
  });
});
