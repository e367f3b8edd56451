import { describeValue, requireText } from './arguments.js';
import { LetheError } from './errors.js';
import { isWellFormed } from './well-formed.js';

/** In UTF-8. Longer names are mistakes, such as a whole document in place of its name. */
const MOST_NAME_BYTES = 2 ** 20;

/**
 * A name that every database keeps as it is: text without lone surrogates, which UTF-8 cannot
 * express, so that two names would become one, and without NUL, at which some programs end a text.
 *
 * @param name of the argument, for messages
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireName(name: string, value: string): string {
  requireText(name, value);
  const problem = problemOf(value);
  if (problem === undefined) return value;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} must be well-formed text of at most ${MOST_NAME_BYTES} bytes, but ${describeValue(value)} ${problem}`,
  );
}

function problemOf(text: string): string | undefined {
  if (text.length > MOST_NAME_BYTES || Buffer.byteLength(text) > MOST_NAME_BYTES) {
    return 'is too long';
  }
  if (!isWellFormed(text)) return 'has a lone surrogate';
  return text.includes('\0') ? 'has a NUL character' : undefined;
}
