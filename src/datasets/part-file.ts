import { lstat, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { requireRegular } from '../base/regular-file.js';

let claims = 0;

/**
 * The downloaded part of a file. During a download it has a unique name, so that it belongs to one
 * download at a time; between downloads it is called `<file>.part`, for the next one to continue.
 */
export class PartFile {
  readonly path: string;
  readonly #shared: string;

  private constructor(path: string, shared: string) {
    this.path = path;
    this.#shared = shared;
  }

  /**
   * Takes over the part that an earlier download has left; if there is none, no file exists yet.
   *
   * @throws {LetheError} ERR_IO: in its place is a link, or something else that is no regular file
   */
  static async claim(file: string): Promise<PartFile> {
    const shared = `${file}.part`;
    const part = new PartFile(`${shared}.${process.pid}-${++claims}`, shared);
    for (const left of [shared, ...(await orphans(shared))]) {
      await requireOwnFile(left);
      if (await renamed(left, part.path)) break;
    }
    return part;
  }

  /** Leaves the part to the next download. */
  async release(): Promise<void> {
    await renamed(this.path, this.#shared);
  }
}

/** Writing to what a link leads to would change somebody's file, and to a FIFO it would wait. */
async function requireOwnFile(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there) requireRegular('write', path, there);
}

/** The parts of processes that ended without releasing them. */
async function orphans(shared: string): Promise<string[]> {
  const folder = dirname(shared);
  const names = await readdir(folder);
  return names
    .filter((name) => name.startsWith(`${basename(shared)}.`))
    .filter((name) => !isRunning(Number.parseInt(name.slice(basename(shared).length + 1), 10)))
    .map((name) => join(folder, name));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Renames a file; false if it does not exist. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
