/**
 * Philox 4x32-10, the random numbers of everything that is drawn in JavaScript: the algorithm of
 * native/include/lethe/philox.h, in JavaScript.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * section 4.3.
 */
export type PhiloxCounter = readonly [number, number, number, number];
export type PhiloxKey = readonly [number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** The high 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

export function philox4x32(counter: PhiloxCounter, key: PhiloxKey): PhiloxCounter {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * What a stream is used for: streams of different purposes never share a counter. The native core
 * uses 1 to 4 (see PhiloxPurpose there). The library uses neither 18 nor any purpose from 1024 on.
 */
export const PhiloxPurpose = {
  ownershipCounts: 16,
  ownershipOrder: 17,
  syntheticTrain: 19,
  syntheticTest: 20,
  recipeSample: 21,
  recipeSeeds: 22,
  randomLabels: 23,
  teacherRows: 24,
  fisherRows: 25,
  parameterNoise: 26,
  fisherLabels: 27,
  shardSeeds: 28,
  lowRankRows: 29,
  importCheck: 30,
} as const;

/**
 * One random stream of 32-bit words: the key is the seed, low word first; the counter is
 * {block low, block high, purpose, 0}.
 */
export class PhiloxStream {
  readonly #key: PhiloxKey;
  readonly #purpose: number;
  #block = 0;
  #words: PhiloxCounter = [0, 0, 0, 0];
  #position = 4;

  /** @param seed a whole number in 0..2^53 - 1 */
  constructor(seed: number, purpose: number) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
    this.#purpose = purpose;
  }

  nextWord(): number {
    if (this.#position === 4) {
      const low = this.#block >>> 0;
      const high = Math.floor(this.#block / 2 ** 32);
      this.#words = philox4x32([low, high, this.#purpose, 0], this.#key);
      this.#block++;
      this.#position = 0;
    }
    return this.#words[this.#position++]!;
  }

  /** Uniform in [0, 1): 53 bits, the upper 26 from the first word. */
  uniform(): number {
    const upper = this.nextWord() >>> 6;
    const lower = this.nextWord() >>> 5;
    return (upper * 2 ** 27 + lower) / 2 ** 53;
  }

  /**
   * An unbiased whole number in [0, bound), bound in 1..2^32 - 1: Lemire, "Fast random integer
   * generation in an interval", ACM TOMACS 29(1), 2019, algorithm 5.
   */
  below(bound: number): number {
    const threshold = (2 ** 32 - bound) % bound;
    for (;;) {
      const word = this.nextWord();
      if (Math.imul(word, bound) >>> 0 >= threshold) return multiplyHigh(word, bound);
    }
  }

  /** Fisher-Yates, in place: for i from n - 1 down to 1, swap i with below(i + 1). */
  shuffle(values: Uint32Array): Uint32Array {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    return values;
  }
}
