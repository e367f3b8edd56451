import { expect } from 'vitest';
import { LetheError, type LetheErrorCode } from '#lethe/errors';

/** The LetheError that the work throws or rejects with; fails the test if there is none. */
export async function errorOf(work: () => unknown): Promise<LetheError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(LetheError);
    return error as LetheError;
  }
  throw new Error('no error was thrown');
}

/** Expects the work to throw or reject with a LetheError of this code. */
export async function expectCode(code: LetheErrorCode, work: () => unknown): Promise<void> {
  expect((await errorOf(work)).code).toBe(code);
}
