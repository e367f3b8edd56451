import { LetheError } from './errors.js';

/**
 * Throws if an allocation would exceed the memory that is still available to the process.
 *
 * @throws {LetheError} ERR_OUT_OF_MEMORY
 */
export function requireMemory(what: string, bytes: number): void {
  const available = process.availableMemory();
  if (bytes <= available) return;
  throw new LetheError(
    'ERR_OUT_OF_MEMORY',
    `${what} needs about ${inMiB(bytes)} MiB of memory, but ${inMiB(available)} MiB are available`,
  );
}

function inMiB(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
