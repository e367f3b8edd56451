import { open } from 'node:fs/promises';

/** What a system says that does not let this user open a folder, or cannot sync one. */
const NOT_SYNCED: ReadonlySet<string | undefined> = new Set([
  ...['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'EBADF', 'ENOTSUP'],
]);

/** Makes sure that names in a folder outlast a loss of power, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (!NOT_SYNCED.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}
