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
  if (name === '' || name.includes('\0') || isAbsolute(name) || win32.isAbsolute(name)) {
    throw refuse('is no relative path');
  }
  if (name.split(/[/\\]/).includes('..')) throw refuse('leads out of its folder');
  const path = join(folder, name);
  const [real, realFolder] = await resolved(path, folder);
  if (!real.startsWith(realFolder.endsWith(sep) ? realFolder : realFolder + sep)) {
    throw refuse('is a symbolic link out of its folder: copy the file there');
  }
  if (!(await stat(real)).isFile()) throw refuse('is no regular file');
  return real;
}

async function resolved(path: string, folder: string): Promise<[file: string, folder: string]> {
  try {
    return [await realpath(path), await realpath(folder)];
  } catch (cause) {
    throw ioError('read', path, cause);
  }
}
