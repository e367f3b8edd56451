import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { LetheError } from '../errors.js';
import { ioError } from '../io-error.js';
import { requireRegular } from '../regular-file.js';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** The place of a file that is to be written. */
export interface Target {
  readonly folder: string;
  readonly name: string;
  /** What is there now; undefined if there is nothing. */
  readonly before: Stats | undefined;
}

/**
 * Where a file that is written by this path must go: to the end of symbolic links, which lead to it, even
 * if there is nothing yet. A file in place of a link would leave what it leads to as it was.
 *
 * @throws {LetheError} ERR_IO: links in a circle, a folder that is not there, or something there that is
 * no regular file and would be lost.
 */
export async function targetOf(path: string): Promise<Target> {
  try {
    if (path.endsWith(sep) || path.endsWith('/')) throw systemError('EISDIR');
    // Not normalized, because what `..` leaves may be a link.
    let place = isAbsolute(path) ? path : `${resolve()}${sep}${path}`;
    for (let links = 0; links <= MOST_LINKS; links++) {
      const folder = await realpath(dirname(place));
      place = join(folder, basename(place));
      const link = await linkAt(place);
      if (link === undefined) return await described(path, place);
      place = isAbsolute(link) ? link : `${folder}${sep}${link}`;
    }
    throw systemError('ELOOP');
  } catch (cause) {
    throw cause instanceof LetheError ? cause : ioError('write', path, cause);
  }
}

async function described(path: string, place: string): Promise<Target> {
  const before = await unlessMissing(lstat(place));
  if (before) requireRegular('write', path, before);
  return { folder: dirname(place), name: basename(place), before };
}

/** What a symbolic link says; undefined where there is none. */
async function linkAt(place: string): Promise<string | undefined> {
  const stats = await unlessMissing(lstat(place));
  if (!stats?.isSymbolicLink()) return undefined;
  const link = await readlink(place, 'buffer');
  // As text it would name another file.
  if (!isUtf8(link)) throw new Error('it is a link to a name that is no UTF-8: rename that file');
  return link.toString();
}

async function unlessMissing(stats: Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
