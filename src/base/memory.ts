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

type Growable = Uint32Array | BigInt64Array;

/**
 * The same array, or, if all of its places are used, one of twice the length that begins with it.
 *
 * @param copies how often the array is in memory while it grows, and afterwards
 * @throws {LetheError} ERR_OUT_OF_MEMORY
 */
export function withRoom<Values extends Growable>(
  what: string,
  values: Values,
  used: number,
  copies = 2,
): Values {
  if (used < values.length) return values;
  requireMemory(what, copies * values.byteLength);
  const Same = values.constructor as new (length: number) => Values;
  const grown = new Same(2 * values.length);
  grown.set(values as never);
  return grown;
}

function inMiB(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
