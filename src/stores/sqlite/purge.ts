import type BetterSqlite3 from 'better-sqlite3';
import type { FileErasure } from '../store.js';

const DONE: FileErasure = { erasedFromFile: true };

/** Whether something was deleted of which the files have not been purged. */
export function needsPurge(database: BetterSqlite3.Database): boolean {
  return database.prepare('SELECT done > purged FROM deletions').pluck().get() === 1;
}

/**
 * Rewrites the file from what is live, since SQLite leaves copies of cells that it moved within its
 * pages, even with secure_delete, and empties the write-ahead log, where there is one. Waits for
 * other programs, but not for long.
 */
export function purge(database: BetterSqlite3.Database): FileErasure {
  if (database.memory) return DONE;
  try {
    const done = database.prepare('SELECT done FROM deletions').pluck().get();
    database.exec('VACUUM');
    if (!emptiesLog(database)) return unfinished('another program is reading the store');
    database.prepare('UPDATE deletions SET purged = ?').run(done);
    return DONE;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return unfinished(
      code?.startsWith('SQLITE_BUSY') ? 'another program holds the lock of the store' : message,
    );
  }
}

/** Answers false where a reader still needs the log, or pages that the log would overwrite. */
function emptiesLog(database: BetterSqlite3.Database): boolean {
  if (database.pragma('journal_mode', { simple: true }) !== 'wal') return true;
  const [{ busy }] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
  return busy === 0;
}

function unfinished(problem: string): FileErasure {
  const reason = `${problem}: call store.purge() when it has ended, or open the store again then`;
  return { erasedFromFile: false, reason };
}
