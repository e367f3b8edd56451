import { LetheError } from '../../base/errors.js';

/** By the beginning of SQLite's code, what to do. */
const REMEDIES: readonly [code: string, remedy: string][] = [
  ['SQLITE_BUSY', 'another program holds its lock: let it finish, then try again'],
  ['SQLITE_LOCKED', 'another connection holds its lock: let it finish, then try again'],
  ['SQLITE_READONLY', 'the file or its folder cannot be written: check the permissions'],
  ['SQLITE_CANTOPEN', 'the file cannot be opened: check the path and the permissions'],
  ['SQLITE_FULL', 'the disk is full: free some space and try again'],
  ['SQLITE_NOTADB', 'the file is no SQLite database: name another one'],
  ['SQLITE_CORRUPT', 'the file is damaged: restore it from a backup'],
];

/** An error of the database as the public error class. @param what was done, with which store */
export function storeError(what: string, error: unknown): LetheError {
  if (error instanceof LetheError) return error;
  const { code = '', message } = error as { code?: string; message: string };
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new LetheError(
      'ERR_DUPLICATE',
      `a row or its id is stored already, or was deleted and is not used again: ${message}`,
      { cause: error },
    );
  }
  const remedy = REMEDIES.find(([prefix]) => code.startsWith(prefix))?.[1];
  const reason = remedy === undefined ? message : `${remedy} (${message})`;
  return new LetheError('ERR_STORE', `${what}: ${reason}`, { cause: error });
}
