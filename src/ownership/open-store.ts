import { SqliteStore } from './sqlite-store.js';
import type { Store } from './store.js';

export interface StoreOptions {
  /** A SQLite file, made if it is not there; default: in memory, gone once closed. */
  readonly path?: string;
}

/**
 * Opens a store of ownership in SQLite.
 *
 * @throws {LetheError} ERR_STORE: the file cannot be opened, or is not a Lethe store.
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  return SqliteStore.open(options.path ?? ':memory:');
}
