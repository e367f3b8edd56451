import { expect } from 'vitest';
import { LetheError, type LetheErrorCode } from '#lethe/base/errors';

/** The call throws, or answers a promise that rejects with, a LetheError of this code; answers it. */
export async function expectCode(call: () => unknown, code: LetheErrorCode): Promise<LetheError> {
  const error = await failure(call);
  expect(error).toBeInstanceOf(LetheError);
  expect((error as LetheError).code, (error as LetheError).message).toBe(code);
  return error as LetheError;
}

/** What the call throws, or what its promise rejects with. */
export async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** What plain JavaScript may pass for an argument of any type. */
// biome-ignore lint/suspicious/noExplicitAny: the point of it
export const wrong = (value: unknown): any => value;
