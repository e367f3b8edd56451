import type { NativeDataset } from '../native.js';

/**
 * The encoded copies of a data set's rows, one for each input map in use. The last one is kept,
 * because most runs use the same map as the one before.
 */
export class EncodedRows<Copy extends { readonly handle: NativeDataset }> {
  #last: { readonly map: string; readonly rows: Copy | Promise<Copy> } | undefined;
  /** All copies that may still be in memory: an erasure must reach them. */
  readonly #copies = new Set<WeakRef<NativeDataset>>();

  /** @param map as JSON */
  get(map: string, encode: () => Promise<Copy>): Copy | Promise<Copy> {
    if (this.#last?.map === map) return this.#last.rows;
    const rows = this.#encoded(map, encode);
    this.#last = { map, rows };
    return rows;
  }

  async #encoded(map: string, encode: () => Promise<Copy>): Promise<Copy> {
    let rows: Copy | undefined;
    try {
      rows = await encode();
      this.#copies.add(new WeakRef(rows.handle));
      return rows;
    } finally {
      // Another map may have come meanwhile.
      if (this.#last?.map === map) this.#last = rows && { map, rows };
    }
  }

  /** Those that have not been freed. */
  handles(): NativeDataset[] {
    return [...this.#copies].flatMap((copy) => {
      const handle = copy.deref();
      if (!handle) this.#copies.delete(copy);
      return handle ? [handle] : [];
    });
  }

  close(): void {
    for (const handle of this.handles()) handle.close();
    this.#copies.clear();
    this.#last = undefined;
  }
}
