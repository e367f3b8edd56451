import { indicesBelow } from '../base/indices.js';

/** Which rows of a data set have not been erased. */
export class LiveRows {
  /** All rows, erased ones too. */
  readonly rows: number;
  #erased: Uint8Array | undefined;
  #positions: Uint32Array | undefined;
  #erasures = 0;

  /** @param isErased [rows], 1 for rows that have been erased before; none by default */
  constructor(rows: number, isErased?: Uint8Array) {
    this.rows = rows;
    this.#erased = isErased;
    this.#erasures = isErased ? 1 : 0;
  }

  /** How often rows have been erased: whoever has checked rows since then need not do it again. */
  get erasures(): number {
    return this.#erasures;
  }

  get count(): number {
    return this.#erased ? this.positions().length : this.rows;
  }

  isErased(row: number): boolean {
    return this.#erased?.[row] === 1;
  }

  /** The live rows, ascending: to be read, and not to be shown to a caller. */
  positions(): Uint32Array {
    if (this.#positions) return this.#positions;
    const all = indicesBelow(this.rows);
    this.#positions = this.#erased ? all.filter((row) => !this.isErased(row)) : all;
    return this.#positions;
  }

  erase(rows: Uint32Array): void {
    this.#erased ??= new Uint8Array(this.rows);
    for (const row of rows) this.#erased[row] = 1;
    this.#positions = undefined;
    this.#erasures++;
  }
}
