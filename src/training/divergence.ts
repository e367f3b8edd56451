import { LetheError } from '../base/errors.js';

export function isDivergence(error: unknown): boolean {
  return error instanceof LetheError && error.code === 'ERR_DIVERGED';
}

/** Whether the run ended with ERR_DIVERGED; other errors are rethrown. */
export async function divergence(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (isDivergence(error)) return true;
    throw error;
  }
}
