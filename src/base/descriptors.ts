import { devNull } from 'node:os';
import { ioError } from './io-error.js';
import { closeSync, openSync } from './node-fs.js';

/**
 * Refuses what would open files if there are no descriptors for them, because what tries nevertheless may
 * not recover: libraries take a file that they cannot open for one that is not there.
 *
 * @param action for the message, e.g. `load`
 * @param object likewise, e.g. `the package csv-parse`
 * @param count how many are open at a time
 * @throws {LetheError} ERR_IO
 */
export function requireDescriptors(action: string, object: string, count: number): void {
  const opened: number[] = [];
  try {
    for (let i = 0; i < count; i++) opened.push(openSync(devNull, 'r'));
  } catch (cause) {
    if (isOutOfDescriptors(cause)) throw ioError(action, object, cause);
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}
