import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { requireText } from './arguments.js';
import { ioError } from './io-error.js';

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
  requireText('path', path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw ioError('read', path, cause);
  }
}

/**
 * Writes a temporary file next to the target and renames it: after a crash or on a full disk there
 * is either the old file or the new one, never half of it.
 *
 * @throws {LetheError} ERR_IO
 */
export async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFile(temporary, contents, { flush: true });
    await rename(temporary, path);
  } catch (cause) {
    // Removing it may fail for the same reason as writing; the first error is the one to report.
    await rm(temporary, { force: true }).catch(() => {});
    throw ioError('write', path, cause);
  }
}
