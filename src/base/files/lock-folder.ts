import { open, rm, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LetheError } from '../errors.js';
import { ioError } from '../io-error.js';
import { inTurn } from './turns.js';
import { sweep, temporaryName } from './writers.js';

/** How long to wait for another process or thread. */
const PATIENCE_MS = 2000;
const SHORTEST_PAUSE_MS = 10;

/**
 * Does work on several files of a folder that nobody else does there at the same time. In one thread the
 * works wait for each other in the order of the calls.
 *
 * Each worker leaves a claim in the folder, a file whose name says which process made it, and goes on
 * only if there is no other claim. So no two go on, and a dead process's claim can be removed by anybody.
 *
 * @param name of the work
 * @param work is given what to call now and then: from other machines, a claim that is not renewed within
 * ten minutes looks like one whose process is dead
 * @throws {LetheError} ERR_BUSY: another process or thread is at it. ERR_IO, and what the work throws.
 */
export async function withLockedFolder<T>(
  folder: string,
  name: string,
  work: (renew: () => Promise<void>) => Promise<T>,
): Promise<T> {
  return inTurn(`${resolve(folder)}\0${name}`, async () => {
    const claim = await claimed(folder, name);
    try {
      return await work(() => renewed(claim, folder));
    } finally {
      await rm(claim, { force: true }).catch(() => {});
    }
  });
}

async function claimed(folder: string, name: string): Promise<string> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const claim = await claimedAlone(folder, name);
    if (claim !== undefined) return claim;
    if (performance.now() > end) throw busy(folder);
    // Of different lengths, because two that withdraw for each other would meet again.
    const pause = SHORTEST_PAUSE_MS * (1 + 9 * Math.random());
    await new Promise((resume) => setTimeout(resume, pause));
  }
}

/** Undefined, and nothing left behind, if there is another claim. */
async function claimedAlone(folder: string, name: string): Promise<string | undefined> {
  const own = temporaryName(name);
  const claim = join(folder, own);
  try {
    await (await open(claim, 'wx')).close();
    const others = await sweep(folder, [name], own);
    if (others.length === 0) return claim;
    await rm(claim, { force: true });
    return undefined;
  } catch (cause) {
    await rm(claim, { force: true }).catch(() => {});
    throw ioError('write to', folder, cause);
  }
}

async function renewed(claim: string, folder: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(claim, now, now);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? busy(folder) : ioError('write to', folder, cause);
  }
}

function busy(folder: string): LetheError {
  return new LetheError(
    'ERR_BUSY',
    `another process or thread is writing to ${folder}: let it finish, then try again`,
  );
}
