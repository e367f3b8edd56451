import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { LetheError } from './errors.js';

/**
 * Makes a folder and those that it lies in, if they are not there.
 *
 * @throws {LetheError} ERR_IO
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new LetheError('ERR_IO', `cannot make ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Writes beside the target and renames: a crash or a full disk leaves either the old file or the new
 * one, never half of it.
 *
 * @throws {LetheError} ERR_IO
 */
export async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFile(temporary, contents, { flush: true });
    await rename(temporary, path);
  } catch (cause) {
    // What is wrong with the path is wrong with this one too: the first error says it.
    await rm(temporary, { force: true }).catch(() => {});
    throw new LetheError('ERR_IO', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
