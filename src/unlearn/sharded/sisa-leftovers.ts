import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireArray, requireObject } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { replaceFile } from '../../base/files/replace-file.js';
import { syncFolder } from '../../base/files/sync-folder.js';
import { sweep } from '../../base/files/writers.js';
import { readWholeFile } from '../../base/files.js';
import { ioError } from '../../base/io-error.js';

/**
 * Names the models that a save may leave behind if it is interrupted, from before its first model is
 * written until after the last one that is no longer needed is removed. A folder may hold an application's
 * files, so that a file's name alone does not make it a Sisa's.
 */
const PENDING = 'sisa.pending.json';
const FORMAT = 'lethe-sisa-pending';

const HASH = /^[0-9a-f]{64}$/;

/** The file of a model in the folder of a Sisa. */
export const fileOf = (hash: string) => `${hash}.safetensors`;

/**
 * Notes the models that will be in the folder.
 *
 * @param hashes of those of earlier saves, too
 */
export async function notePending(folder: string, hashes: ReadonlySet<string>): Promise<void> {
  const body = { format: FORMAT, models: [...hashes] };
  await replaceFile(join(folder, PENDING), `${JSON.stringify(body)}\n`);
}

/** The models that an interrupted save may have left. @throws {LetheError} ERR_IO, ERR_INVALID_MODEL */
export async function pendingIn(folder: string): Promise<string[]> {
  const text = await textIn(folder, PENDING);
  if (text === undefined) return [];
  try {
    const { format, models } = requireObject(PENDING, JSON.parse(text));
    if (format === FORMAT) return requireArray('models', models).map(requireHash);
  } catch {
    // It is refused below.
  }
  throw new LetheError(
    'ERR_INVALID_MODEL',
    `${join(folder, PENDING)} is not what a save of a Sisa leaves behind: remove it`,
  );
}

/** @throws {LetheError} ERR_INVALID_MODEL */
export function requireHash(hash: unknown): string {
  if (typeof hash === 'string' && HASH.test(hash)) return hash;
  throw new LetheError(
    'ERR_INVALID_MODEL',
    'saved Sisa: the hash of a checkpoint is not a SHA-256',
  );
}

/** A file's text; undefined if there is none. @throws {LetheError} ERR_IO */
export async function textIn(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readWholeFile(join(folder, name))).toString('utf8');
  } catch (error) {
    const cause = (error as LetheError).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes models that are needed no more, and what killed processes have half written of any.
 *
 * @param known all that a save of this folder has written
 * @param needed by the manifest, a file just written
 * @throws {LetheError} ERR_IO
 */
export async function removeLeftovers(
  folder: string,
  manifest: string,
  known: ReadonlySet<string>,
  needed: ReadonlySet<string>,
): Promise<void> {
  try {
    for (const hash of known) {
      if (!needed.has(hash)) await rm(join(folder, fileOf(hash)), { force: true });
    }
    await sweep(folder, [...known].map(fileOf), manifest);
    await syncFolder(folder);
    await rm(join(folder, PENDING), { force: true });
  } catch (cause) {
    throw ioError('remove earlier models from', folder, cause);
  }
}
