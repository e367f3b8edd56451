import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeValue, requireKnownFields, requirePath } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { SqliteStore } from './sqlite/sqlite-store.js';
import type { Store } from './store.js';

/** SQLite's name for a database in memory. */
const MEMORY = ':memory:';

export interface StoreOptions {
  /** A SQLite file, created if it does not exist; default: in memory, lost when closed. */
  readonly path?: string;
}

/**
 * Opens a store of row ownership in SQLite.
 *
 * @throws {LetheError} ERR_STORE: the file cannot be opened, or is not a Lethe store.
 * ERR_STORE_BINDING: the native binding of better-sqlite3 is missing or of another version.
 * ERR_INVALID_ARGUMENT: the path is empty, has blanks around it, or NUL in it.
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { path = MEMORY } = requireKnownFields('options', options, { path: true });
  // The driver trims a path, which would then name another file, or none at all.
  if (requirePath('path', path) !== path.trim()) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `path must be a path without blanks around it, but is ${describeValue(path)}: name a file, or leave it out`,
    );
  }
  if (path === MEMORY) return SqliteStore.open(path);
  await requireFileOrNothing(path);
  return SqliteStore.open(resolve(path));
}

/** The driver, which blocks the thread, would wait for a FIFO's writer. */
async function requireFileOrNothing(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  throw new LetheError(
    'ERR_STORE',
    `cannot open ${path}: it is ${there.isDirectory() ? 'a folder' : 'no regular file'}: name another one`,
  );
}
