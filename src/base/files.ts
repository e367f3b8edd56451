import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { requirePath } from './arguments.js';
import { LetheError } from './errors.js';
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
  requirePath('path', path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw ioError('read', path, cause);
  }
}

/**
 * Writes a temporary file next to the target and renames it: after a crash or on a full disk there
 * is either the old file or the new one, never half of it. Who may read the old file may read the
 * new one, and nobody else.
 *
 * @param contents whole, or in chunks of which one is in memory at a time; what they throw is thrown
 * @throws {LetheError} ERR_IO
 */
export async function replaceFile(
  path: string,
  contents: Uint8Array | string | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const mode = await modeOf(path);
    await writeFile(temporary, contents, { flush: true, flag: 'wx', mode });
    await rename(temporary, path);
  } catch (cause) {
    // Removing it may fail for the same reason as writing; the first error is the one to report.
    await rm(temporary, { force: true }).catch(() => {});
    throw cause instanceof LetheError ? cause : ioError('write', path, cause);
  }
}

const USUAL_MODE = 0o666;

async function modeOf(path: string): Promise<number> {
  const there = await stat(path).catch(() => undefined);
  return there?.isFile() ? there.mode & 0o777 : USUAL_MODE;
}
