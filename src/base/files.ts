import { mkdir } from 'node:fs/promises';
import { ioError } from './io-error.js';
import { openRegular } from './regular-file.js';

/**
 * Creates a folder and its parents where they do not exist.
 *
 * @throws {LetheError} ERR_IO
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw ioError('create', path, cause);
  }
}

/**
 * All bytes of a file, at most 2 GiB.
 *
 * @throws {LetheError} ERR_IO; ERR_INVALID_ARGUMENT: `path` is not a string.
 */
export async function readWholeFile(path: string): Promise<Buffer> {
  const file = await openRegular(path);
  try {
    return await file.readFile();
  } catch (cause) {
    throw ioError('read', path, cause);
  } finally {
    await file.close();
  }
}
