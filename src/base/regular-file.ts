import type { Stats } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { requirePath } from './arguments.js';
import { LetheError } from './errors.js';
import { ioError } from './io-error.js';

/**
 * Opens a regular file for reading, also through links. Anything else is refused at once: opening a FIFO
 * or reading a device may wait for ever, on one of the few threads that all file access of the process
 * shares. A pipe such as /dev/stdin is refused too, because readers look at a file more than once.
 *
 * @throws {LetheError} ERR_IO: it cannot be opened, or is a folder, FIFO, socket or device.
 * ERR_INVALID_ARGUMENT: `path` is no path.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  await regularStats(path);
  let file: FileHandle | undefined;
  try {
    // Without blocking, because something else may have taken the file's place meanwhile.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    requireRegular('read', path, await file.stat());
    return file;
  } catch (cause) {
    await file?.close();
    throw cause instanceof LetheError ? cause : ioError('read', path, cause);
  }
}

/**
 * What the system says of a regular file, which is not opened: some devices act when they are.
 *
 * @throws {LetheError} as openRegular
 */
export async function regularStats(path: string): Promise<Stats> {
  requirePath('path', path);
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (cause) {
    throw ioError('read', path, cause);
  }
  requireRegular('read', path, stats);
  return stats;
}

/**
 * @param action what is to be done with it, e.g. `read`
 * @throws {LetheError} ERR_IO
 */
export function requireRegular(action: string, path: string, stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) {
    throw ioError(action, path, Object.assign(new Error('it is a folder'), { code: 'EISDIR' }));
  }
  throw new LetheError(
    'ERR_IO',
    `cannot ${action} ${path}: it is ${kindOf(stats)}, and only regular files are read and written: name one`,
  );
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return 'a FIFO or pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isSymbolicLink()) return 'a link';
  return 'a device';
}
