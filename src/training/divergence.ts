import { LetheError } from '../base/errors.js';

/** Whether the run ended with ERR_DIVERGED; other errors are rethrown. */
export async function divergence(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (error instanceof LetheError && error.code === 'ERR_DIVERGED') return true;
    throw error;
  }
}
