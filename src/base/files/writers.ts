import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readFileSync, readlinkSync } from '../node-fs.js';

/**
 * Temporary files say in their names what they belong to and which process writes them, so that a later
 * writer finds those that a killed process has left: they may hold a model that knows what was erased
 * since. A name is never used again.
 */
const PATTERN = /^\.lethe-([0-9a-f]{16})-([0-9a-f]{12})-([1-9]\d{0,9})-(\d+)-[0-9a-f-]{36}\.tmp$/;

/** A process, on whatever machine that has the same folder. */
interface Writer {
  /** The machine since it was started, and the process's namespace of process ids. */
  readonly host: string;
  readonly pid: number;
  /** When it began, because ids are used again; 0 where the system does not say. */
  readonly start: string;
}

/**
 * Of other machines nobody can say which processes live; and a thread of this one may have been
 * terminated. What they have not touched for so long is nobody's.
 */
const ABANDONED_MS = 600_000;

let self: Writer | undefined;

function thisProcess(): Writer {
  self ??= { host: thisHost(), pid: process.pid, start: processStatus('self')?.start ?? '0' };
  return self;
}

function thisHost(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return digest(boot + readlinkSync('/proc/self/ns/pid')).slice(0, 12);
  } catch {
    return digest(hostname()).slice(0, 12);
  }
}

/** A name for a temporary file that belongs to this one, short enough wherever it is. */
export function temporaryName(name: string): string {
  const { host, pid, start } = thisProcess();
  return `.lethe-${keyOf(name)}-${host}-${pid}-${start}-${crypto.randomUUID()}.tmp`;
}

/**
 * Removes the temporary files of writers that have ended, as far as this user may.
 *
 * @param names of the files that they belong to
 * @param own a temporary file just made, whose time is the folder's time
 * @returns those of other writers
 * @throws what the system says if the folder cannot be read
 */
export async function sweep(
  folder: string,
  names: Iterable<string>,
  own: string,
): Promise<string[]> {
  const keys = new Set(Array.from(names, keyOf));
  const others: string[] = [];
  for (const other of await readdir(folder)) {
    const writer = writerIn(other, keys);
    if (!writer || other === own) continue;
    if (await isAbandoned(writer, join(folder, other), join(folder, own))) {
      await rm(join(folder, other), { force: true }).catch(() => {});
    } else {
      others.push(other);
    }
  }
  return others;
}

function writerIn(name: string, keys: ReadonlySet<string>): Writer | undefined {
  const match = PATTERN.exec(name);
  if (!match || !keys.has(match[1]!)) return undefined;
  return { host: match[2]!, pid: Number(match[3]), start: match[4]! };
}

async function isAbandoned(writer: Writer, path: string, own: string): Promise<boolean> {
  const { host, pid } = thisProcess();
  if (writer.host === host && !isRunning(writer)) return true;
  if (writer.host === host && writer.pid !== pid) return false;
  try {
    const [then, now] = await Promise.all([lstat(path), lstat(own)]);
    return now.mtimeMs - then.mtimeMs > ABANDONED_MS;
  } catch {
    return false;
  }
}

function isRunning({ pid, start }: Writer): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const status = processStatus(pid);
  return status === undefined || (status.start === start && status.state !== 'Z');
}

/** What Linux says of a process: Z if it has ended; undefined if it may not be known. */
function processStatus(pid: number | 'self'): { state: string; start: string } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses, which may hold anything.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, start: fields[19]! };
  } catch {
    return undefined;
  }
}

function keyOf(name: string): string {
  return digest(name).slice(0, 16);
}

function digest(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex');
}
