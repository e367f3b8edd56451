import { LetheError } from '../base/errors.js';

/**
 * Who is at work on a data set: several runs may read it at once, but nobody while rows are being
 * erased, and rows are not erased while a run reads them.
 */
export class DatasetUsage {
  readonly #name: string;
  #readers = 0;
  #isErasing = false;

  /** @param name of the data set, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  /** @throws {LetheError} ERR_BUSY: rows are being erased */
  async whileReading<T>(work: () => Promise<T>): Promise<T> {
    this.requireStill();
    this.#readers++;
    try {
      return await work();
    } finally {
      this.#readers--;
    }
  }

  /** @throws {LetheError} ERR_BUSY */
  async whileErasing(work: () => Promise<void>): Promise<void> {
    this.requireUnread('erase');
    this.#isErasing = true;
    try {
      await work();
    } finally {
      this.#isErasing = false;
    }
  }

  /** @throws {LetheError} ERR_BUSY: a run is reading, or rows are being erased */
  requireUnread(action: 'erase' | 'close'): void {
    this.requireStill();
    if (this.#readers === 0) return;
    throw new LetheError(
      'ERR_BUSY',
      `a run is reading ${this.#name}: wait for it, or abort it, and then ${action}`,
    );
  }

  /** @throws {LetheError} ERR_BUSY: rows are being erased */
  requireStill(): void {
    if (!this.#isErasing) return;
    throw new LetheError('ERR_BUSY', `rows of ${this.#name} are being erased: await that first`);
  }
}
