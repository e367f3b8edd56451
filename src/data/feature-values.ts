import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';

/** While growing, the old array of half the size exists too; native memory needs another copy. */
const COPIES = 2.5;

const FIRST_VALUES = 2 ** 16;

/** The most elements of one typed array. */
const MAX_VALUES = 2 ** 32;

/** The features of a table whose length is not known before its end. */
export class FeatureValues {
  readonly #file: string;
  #values = new Float32Array(FIRST_VALUES);
  #used = 0;

  /** @param file appears in error messages */
  constructor(file: string) {
    this.#file = file;
  }

  push(value: number): void {
    this.#values[this.#used++] = value;
  }

  /**
   * Makes room for this many more values.
   *
   * @throws {LetheError} ERR_OUT_OF_MEMORY; ERR_INVALID_DATA: more values than an array can have.
   */
  reserve(more: number): void {
    if (this.#used + more <= this.#values.length) return;
    const length = Math.max(2 * this.#values.length, this.#used + more);
    this.requireMemoryFor(length);
    if (length > MAX_VALUES) throw invalidData(this.#file, `it has more than ${MAX_VALUES} values`);
    const values = new Float32Array(length);
    values.set(this.#values);
    this.#values = values;
  }

  /** @throws {LetheError} ERR_OUT_OF_MEMORY: this many values in all would need more than there is. */
  requireMemoryFor(values: number): void {
    requireMemory(this.#file, COPIES * values * this.#values.BYTES_PER_ELEMENT);
  }

  /** All values, in order. */
  finish(): Float32Array {
    return this.#values.slice(0, this.#used);
  }
}
