import { LetheError } from './errors.js';

/** An ERR_INVALID_DATA error about the file or array of this name. */
export function invalidData(name: string, message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_DATA', `${name}: ${message}`, { cause });
}
