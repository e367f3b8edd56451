import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PhiloxCounter, type PhiloxKey, PhiloxStream, philox4x32 } from '#lethe/base/philox';

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

/** The algorithm of the paper, in BigInt arithmetic. */
function philoxOracle(counter: PhiloxCounter, key: PhiloxKey): number[] {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * c0;
    const product1 = 0xcd9e8d57n * c2;
    [c0, c1] = [(product1 >> 32n) ^ c1 ^ k0, product1 & mask];
    [c2, c3] = [(product0 >> 32n) ^ c3 ^ k1, product0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}

const word = fc.integer({ min: 0, max: 0xffffffff });

describe('philox4x32', () => {
  it('computes the products without losing a bit', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(philox4x32(counter, key)).toEqual(philoxOracle(counter, key));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

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

  it('draws below any bound by the published algorithm, including rejected words', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 0xffffffff }), (seed, bound) => {
        const stream = new PhiloxStream(seed, 1);
        const words = new PhiloxStream(seed, 1);
        for (let draw = 0; draw < 10; draw++) {
          let product: bigint;
          do product = BigInt(words.nextWord()) * BigInt(bound);
          while (product % 2n ** 32n < 2n ** 32n % BigInt(bound));
          expect(stream.below(bound)).toBe(Number(product >> 32n));
        }
      }),
      { seed: 1 },
    );
  });

  /**
   * Without rejection, 2^32 words in 3 * 2^30 buckets would make every third value twice as likely.
   */
  it('rejects the words that would bias the result', () => {
    const stream = new PhiloxStream(1, 1);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[stream.below(3 * 2 ** 30) % 3]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('makes a uniform number of 53 bits from two words', () => {
    const stream = new PhiloxStream(9, 1);
    const words = new PhiloxStream(9, 1);
    for (let draw = 0; draw < 100; draw++) {
      const [first, second] = [words.nextWord(), words.nextWord()];
      const bits = (BigInt(first) >> 6n) * 2n ** 27n + (BigInt(second) >> 5n);
      expect(stream.uniform()).toBe(Number(bits) / 2 ** 53);
    }
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

  const sequence = (length: number) => Uint32Array.from({ length }, (_, i) => i);

  it('shuffles to a permutation, the same for the same seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(200), (seed, length) => {
        const shuffled = new PhiloxStream(seed, 1).shuffle(sequence(length));
        expect(new PhiloxStream(seed, 1).shuffle(sequence(length))).toEqual(shuffled);
        expect(shuffled.toSorted()).toEqual(sequence(length));
      }),
      { seed: 1 },
    );
  });

  it('shuffles differently for another seed or purpose', () => {
    const shuffled = (seed: number, purpose: number) =>
      [...new PhiloxStream(seed, purpose).shuffle(sequence(100))].join();
    const orders = [sequence(100).join(), shuffled(1, 1), shuffled(2, 1), shuffled(1, 2)];
    expect(new Set(orders).size).toBe(orders.length);
  });

  it('produces every order equally often', () => {
    const stream = new PhiloxStream(4, 1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = stream.shuffle(sequence(4)).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(24);
    expect(chiSquare).toBeLessThan(49.73); // the 99.9 % quantile for 23 degrees of freedom
  });
});
