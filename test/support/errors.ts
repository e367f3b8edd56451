import { expect } from 'vitest';
import { LetheError, type LetheErrorCode } from '#lethe/base/errors';

/**
 * Expects the call to throw, or its promise to reject with, a LetheError of this code; returns it.
 */
export async function expectCode(call: () => unknown, code: LetheErrorCode): Promise<LetheError> {
  const error = await failure(call);
  expect(error).toBeInstanceOf(LetheError);
  expect((error as LetheError).code, (error as LetheError).message).toBe(code);
  return error as LetheError;
}

/** The value that the call throws, or with which its promise rejects. */
export async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Any value for an argument of any type, as plain JavaScript can pass it. */
// biome-ignore lint/suspicious/noExplicitAny: the point of it
export const wrong = (value: unknown): any => value;
