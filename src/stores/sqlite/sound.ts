import type BetterSqlite3 from 'better-sqlite3';
import { LetheError } from '../../base/errors.js';

/** A check reads the whole file, some 12 ms for a MiB, and blocks the thread. */
const MOST_CHECKED_BYTES = 2 ** 26;

/**
 * Refuses a damaged file before anything is answered from it, unless it is so large that a check would
 * take long.
 *
 * @throws {LetheError} ERR_STORE
 */
export function requireSound(database: BetterSqlite3.Database, path: string): void {
  if (database.memory || sizeOf(database) > MOST_CHECKED_BYTES) return;
  const problem = database.prepare<[], string>('PRAGMA quick_check(1)').pluck().get();
  if (problem === 'ok') return;
  throw new LetheError(
    'ERR_STORE',
    `${path} is damaged, or another program has written to it what Lethe never writes: ${problem}: ` +
      'restore it from a backup',
  );
}

function sizeOf(database: BetterSqlite3.Database): number {
  const pages = database.pragma('page_count', { simple: true }) as number;
  return pages * (database.pragma('page_size', { simple: true }) as number);
}
