import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep, win32 } from 'node:path';
import { invalidData } from './invalid-data.js';
import { ioError } from './io-error.js';

/**
 * The real path of a file that another file names, which must lie inside a folder: a file from
 * elsewhere must not be able to name any file of this machine.
 *
 * @param name as the other file writes it, with `/` between folders
 * @param source the other file, for messages
 * @throws {LetheError} ERR_INVALID_DATA: the name is absolute, has `..`, leaves the folder by a
 * symbolic link, or is no regular file. ERR_IO: it cannot be found or accessed.
 */
export async function containedPath(folder: string, name: string, source: string): Promise<string> {
  const refuse = (reason: string) =>
    invalidData(source, `it names the file ${JSON.stringify(name)}, which ${reason}`);
  if (!isRelativePath(name)) throw refuse('is no relative path');
  if (name.split(/[/\\]/).includes('..')) throw refuse('leads out of its folder');
  let real: string | undefined;
  try {
    real = await realPathInside(folder, name);
  } catch (cause) {
    throw ioError('read', join(folder, name), cause);
  }
  if (real === undefined) throw refuse('is a symbolic link out of its folder: copy the file there');
  if (!(await stat(real)).isFile()) throw refuse('is no regular file');
  return real;
}

/** Whether a name is a path from a folder on, on any system; it may still lead out of the folder. */
export function isRelativePath(name: string): boolean {
  return name !== '' && !name.includes('\0') && !isAbsolute(name) && !win32.isAbsolute(name);
}

/**
 * The real path of what a relative path names in a folder; undefined if it lies elsewhere.
 *
 * @throws what the file system says of a path that cannot be followed
 */
export async function realPathInside(folder: string, name: string): Promise<string | undefined> {
  const real = await realpath(join(folder, name));
  const realFolder = await realpath(folder);
  const prefix = realFolder.endsWith(sep) ? realFolder : realFolder + sep;
  return real.startsWith(prefix) ? real : undefined;
}
