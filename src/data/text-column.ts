import { invalidData } from '../base/invalid-data.js';
import { withRoom } from '../base/memory.js';

/** The largest number of keys of a Map. */
const MAX_DISTINCT = 2 ** 24;

/** A column of texts that stores each distinct text once. */
export class TextColumn {
  readonly #file: string;
  readonly #codes = new Map<string, number>();
  #rows = new Uint32Array(2 ** 10);
  #used = 0;

  /** @param file appears in error messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {LetheError} ERR_INVALID_DATA: too many different texts. ERR_OUT_OF_MEMORY. */
  push(text: string): void {
    const code = this.#codes.get(text) ?? this.#codes.size;
    if (code === this.#codes.size) this.#add(text, code);
    // In the data set there is another array of as many numbers.
    this.#rows = withRoom(this.#file, this.#rows, this.#used, 3);
    this.#rows[this.#used++] = code;
  }

  #add(text: string, code: number): void {
    if (code === MAX_DISTINCT) {
      throw invalidData(
        this.#file,
        `a column has more than ${MAX_DISTINCT} different labels or owners`,
      );
    }
    this.#codes.set(text, code);
  }

  /** The distinct texts, in order of their first occurrence. */
  get distinct(): string[] {
    return [...this.#codes.keys()];
  }

  /** [rows], each an index into `distinct`. */
  get rows(): Uint32Array {
    return this.#rows.slice(0, this.#used);
  }
}
