import { LetheError } from './errors.js';

/** What a system error means, and what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the path',
  ENOTDIR: 'a part of the path is a file, not a folder: check the path',
  EISDIR: 'it is a folder: name a file',
  EACCES: 'permission is denied: let this user access it, or name another path',
  EPERM: 'the operation is not permitted: let this user access it, or name another path',
  EROFS: 'the file system is read-only: name another path',
  ENOSPC: 'the disk is full: free some space and try again',
  EDQUOT: 'the disk quota is used up: free some space and try again',
  EMFILE: 'this process has too many open files: close some, or raise `ulimit -n`',
  ENFILE: 'the system has too many open files: close some and try again',
  EBUSY: 'it is in use, or mounted by itself: close it, or mount its folder instead',
  ELOOP: 'its symbolic links lead in a circle: mend them',
  ENAMETOOLONG: 'the path is too long: name a shorter one',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than the 2 GiB that can be read at once',
};

/**
 * An ERR_IO error that says what could not be done with which file, why, and what to do next.
 *
 * @param action what was tried, e.g. `read`
 */
export function ioError(action: string, path: string, cause: unknown): LetheError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const remedy = code !== undefined && Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  const reason = remedy === undefined ? message : `${remedy} (${code})`;
  return new LetheError('ERR_IO', `cannot ${action} ${path}: ${reason}`, {
    cause,
  });
}
