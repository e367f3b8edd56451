import type BetterSqlite3 from 'better-sqlite3';
import { requireDescriptors } from '../../base/descriptors.js';
import { LetheError } from '../../base/errors.js';
import { lazyPackage } from '../../base/lazy.js';

const betterSqlite3 = lazyPackage<typeof BetterSqlite3>('better-sqlite3');

/** How long to wait for another program's lock; waiting blocks the thread. */
const LOCK_TIMEOUT_MS = 1000;

/** The files of the binding, and those of the database. */
const OPENING_DESCRIPTORS = 8;

/**
 * Opens a database.
 *
 * @throws {LetheError} ERR_STORE_BINDING: better-sqlite3 or its native binding cannot be loaded.
 * ERR_IO: too few descriptors. What the package throws itself.
 */
export function openDatabase(path: string): BetterSqlite3.Database {
  const Database = driver();
  requireDescriptors('open', path, OPENING_DESCRIPTORS);
  try {
    return new Database(path, { timeout: LOCK_TIMEOUT_MS });
  } catch (error) {
    // The binding is loaded here, not when the package is.
    if (isOfBinding(error)) throw bindingError(error);
    throw error;
  }
}

function driver(): typeof BetterSqlite3 {
  try {
    return betterSqlite3();
  } catch (cause) {
    throw cause instanceof LetheError ? cause : bindingError(cause);
  }
}

/** Of the package that finds bindings, or of Node, which refuses those of another version. */
function isOfBinding(error: unknown): boolean {
  const { code, tries } = error as { code?: string; tries?: unknown };
  return Array.isArray(tries) || code === 'ERR_DLOPEN_FAILED' || code === 'MODULE_NOT_FOUND';
}

function bindingError(cause: unknown): LetheError {
  const reason = (cause as Error).message.split('\n')[0];
  return new LetheError(
    'ERR_STORE_BINDING',
    'the store needs the native binding of better-sqlite3, which is missing or was built for another ' +
      'version of Node: run `npm rebuild better-sqlite3`, or with pnpm `pnpm approve-builds` and ' +
      `\`pnpm rebuild better-sqlite3\` (${reason})`,
    { cause },
  );
}
