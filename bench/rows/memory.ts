import { readFile } from 'node:fs/promises';

/** Resident memory of a process, in bytes. */
export interface Resident {
  /** Of its own. */
  readonly own: number;
  /** Pages of files, shared with whoever reads these too; the system takes them back at any time. */
  readonly ofFiles: number;
}

/** What Linux says of a process; undefined once it has ended. */
export async function residentOf(pid: number): Promise<Resident | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  const [own, ofFiles] = [kibibytes('RssAnon'), kibibytes('RssFile')];
  return Number.isNaN(own) ? undefined : { own: 1024 * own, ofFiles: 1024 * ofFiles };
}
