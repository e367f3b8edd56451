import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PhiloxCounter, type PhiloxKey, PhiloxStream, philox4x32 } from '#lethe/data/philox';

/** Known answers of Random123 1.14 (kat_vectors, philox4x32-10): counter, key, result. */
const KNOWN_ANSWERS: [PhiloxCounter, PhiloxKey, PhiloxCounter][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

describe('philox4x32', () => {
  it.each(KNOWN_ANSWERS)('maps %j under the key %j to %j', (counter, key, result) => {
    expect(philox4x32(counter, key)).toEqual(result);
  });
});

describe('PhiloxStream', () => {
  it('yields the words of successive blocks, keyed by both halves of the seed', () => {
    const seed = 0x12345 * 2 ** 32 + 0x89abcdef;
    const stream = new PhiloxStream(seed, 7);
    const expected = [0, 1].flatMap((block) => philox4x32([block, 0, 7, 0], [0x89abcdef, 0x12345]));
    expect(Array.from(expected, () => stream.nextWord())).toEqual(expected);
  });

  it('draws whole numbers below any bound without bias', () => {
    const stream = new PhiloxStream(3, 1);
    const [bound, draws] = [7, 70_000];
    const counts = new Array<number>(bound).fill(0);
    for (let i = 0; i < draws; i++) counts[stream.below(bound)]!++;
    const expected = draws / bound;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(22.46); // the 99.9 % quantile for 6 degrees of freedom
  });

  it('stays below bounds up to 2^32 - 1', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 0xffffffff }), (seed, bound) => {
        const value = new PhiloxStream(seed, 1).below(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it('draws uniform numbers in [0, 1) with mean 1/2 and variance 1/12', () => {
    const stream = new PhiloxStream(5, 1);
    const draws = Array.from({ length: 100_000 }, () => stream.uniform());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((sum, u) => sum + (u - mean) ** 2, 0) / draws.length;
    expect(draws.every((u) => u >= 0 && u < 1)).toBe(true);
    expect(mean).toBeCloseTo(1 / 2, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  it('shuffles: a permutation, another one for another seed', () => {
    const sequence = () => Uint32Array.from({ length: 100 }, (_, i) => i);
    const a = new PhiloxStream(1, 1).shuffle(sequence());
    const b = new PhiloxStream(2, 1).shuffle(sequence());
    expect([...a].sort((x, y) => x - y)).toEqual([...sequence()]);
    expect([...a]).not.toEqual([...sequence()]);
    expect([...a]).not.toEqual([...b]);
  });
});
