import { requireKnownFields, requireText } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { SqliteStore } from './sqlite/sqlite-store.js';
import type { Store } from './store.js';

export interface StoreOptions {
  /** A SQLite file, created if it does not exist; default: in memory, lost when closed. */
  readonly path?: string;
}

/**
 * Opens a store of row ownership in SQLite.
 *
 * @throws {LetheError} ERR_STORE: the file cannot be opened, or is not a Lethe store.
 * ERR_INVALID_ARGUMENT: the path is empty, which to SQLite means a temporary file.
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { path = ':memory:' } = requireKnownFields('options', options, { path: true });
  if (requireText('path', path) === '') {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'path is empty: name a file, or leave it out');
  }
  return SqliteStore.open(path);
}
