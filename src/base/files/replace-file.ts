import type { Stats } from 'node:fs';
import { constants, type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { requirePath } from '../arguments.js';
import { LetheError } from '../errors.js';
import { ioError } from '../io-error.js';
import { syncFolder } from './sync-folder.js';
import { targetOf } from './target.js';
import { inTurn } from './turns.js';
import { sweep, temporaryName } from './writers.js';

/** Whole, or in chunks of which one is in memory at a time. */
export type FileContents = Uint8Array | string | AsyncIterable<Uint8Array>;

/**
 * Replaces a file as a whole or not at all: writes a temporary file beside it and renames it. After a crash
 * or on a full disk there is the old file or the new one, never half of it.
 *
 * Symbolic links are followed, and what is no regular file is left alone. The file keeps its mode and, where
 * this user may give it, its owner and group; others who may not read the old file may not read the new one.
 * Other hard links keep the old contents. In one thread files of the same path are written in the order of
 * the calls; of several processes or threads the last one wins. What killed writers of this path have
 * left is removed.
 *
 * @param contents what they throw is thrown
 * @throws {LetheError} ERR_IO, ERR_INVALID_ARGUMENT
 */
export async function replaceFile(path: string, contents: FileContents): Promise<void> {
  await inTurn(placeOf(requirePath('path', path)), () => replaceNow(path, contents));
}

function placeOf(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    // The working folder is gone.
    throw ioError('write', path, cause);
  }
}

async function replaceNow(path: string, contents: FileContents): Promise<void> {
  const { folder, name, before } = await targetOf(path);
  const own = temporaryName(name);
  const temporary = join(folder, own);
  try {
    await writeTemporary(temporary, contents, before, () => sweepIfReadable(folder, name, own));
    // Again, because writing may have taken long, and a FIFO must not be lost.
    await targetOf(path);
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
  } catch (cause) {
    // Removing it may fail for the same reason as writing; the first error is the one to report.
    await rm(temporary, { force: true }).catch(() => {});
    throw cause instanceof LetheError ? cause : ioError('write', path, cause);
  }
}

/** Who may write to a folder need not see what is in it. */
async function sweepIfReadable(folder: string, name: string, own: string): Promise<void> {
  await sweep(folder, [name], own).catch(() => {});
}

const USUAL_MODE = 0o666;
const ONLY_OWNER = 0o600;

async function writeTemporary(
  path: string,
  contents: FileContents,
  before: Stats | undefined,
  makeRoom: () => Promise<void>,
): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const file = await open(path, flags, before ? ONLY_OWNER : USUAL_MODE);
  try {
    await makeRoom();
    if (before) await becomeLike(file, before);
    await writeFile(file, contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a file the owner, the group and the mode of another, as far as this user may. */
async function becomeLike(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const made = await file.stat();
  const tries = [
    { uid, gid },
    { uid: made.uid, gid },
  ];
  for (const wanted of made.uid === uid && made.gid === gid ? [] : tries) {
    const isDone = await file.chown(wanted.uid, wanted.gid).then(
      () => true,
      () => false,
    );
    if (isDone) break;
  }
  const now = await file.stat();
  // The members of another group are others.
  const allowed = now.gid === gid ? mode & 0o777 : (mode & 0o707) | ((mode & 0o007) << 3);
  if ((now.mode & 0o777) !== allowed) await file.chmod(allowed);
}
