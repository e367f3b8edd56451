import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { LetheError } from './errors.js';

/**
 * Creates a folder and its parents where they do not exist.
 *
 * @throws {LetheError} ERR_IO
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new LetheError('ERR_IO', `cannot create ${path}: ${(cause as Error).message}`, { cause });
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
    throw new LetheError('ERR_IO', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
