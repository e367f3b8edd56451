import { benchStream } from '../support/random.js';

/**
 * Random numbers for whole data sets: sfc32, whose state comes from Philox and which is several
 * times as fast. Only sums, products, roots, `Math.log` and `Math.exp` make numbers of these words,
 * so that every machine draws the same data.
 * Source: Doty-Humphrey, PractRand 0.94, sfc32 (public domain).
 */
export class Draws {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare = 0;
  #hasSpare = false;

  /** The same name always gives the same numbers. */
  constructor(name: string) {
    const stream = benchStream(hash(name));
    this.#a = stream.nextWord() | 0;
    this.#b = stream.nextWord() | 0;
    this.#c = stream.nextWord() | 0;
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in (0, 1), never an end. */
  uniform(): number {
    return (this.#word() + 0.5) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in 0..bound - 1. */
  below(bound: number): number {
    return Math.floor(bound * this.uniform());
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Mean 0, variance 1: Marsaglia's polar method, SIAM Review 6, 1964. */
  normal(): number {
    if (this.#hasSpare) {
      this.#hasSpare = false;
      return this.#spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const w = u * u + v * v;
      if (w >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(w)) / w);
      this.#spare = v * factor;
      this.#hasSpare = true;
      return u * factor;
    }
  }

  /**
   * Student's t: Bailey, "Polar generation of random variates with the t-distribution", Mathematics
   * of Computation 62, 1994.
   */
  studentT(degrees: number): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const w = u * u + v * v;
      if (w >= 1) continue;
      return u * Math.sqrt((degrees * (Math.exp((-2 / degrees) * Math.log(w)) - 1)) / w);
    }
  }

  normals(count: number, deviation = 1): Float64Array {
    return Float64Array.from({ length: count }, () => deviation * this.normal());
  }

  /** Fisher-Yates, in place. */
  shuffle<Values extends Uint32Array | number[]>(values: Values): Values {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    return values;
  }

  /** So many different whole numbers below a bound, in random order. */
  distinct(count: number, bound: number): number[] {
    return this.shuffle(Array.from({ length: bound }, (_, i) => i)).slice(0, count);
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return value >>> 0;
}

const QUANTA = 1 << 16;

/** Draws positions in proportion to weights, which are rounded to multiples of 2^-16 of their sum. */
export function weighted(draws: Draws, weights: ArrayLike<number>): () => number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]!;
  const table = new Uint16Array(QUANTA);
  let reached = 0;
  let from = 0;
  for (let i = 0; i < weights.length; i++) {
    reached += weights[i]!;
    const to = Math.round((QUANTA * reached) / sum);
    table.fill(i, from, to);
    from = to;
  }
  return () => table[draws.below(QUANTA)]!;
}
