import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchError } from './bench-error.js';

/** Where the benches write what they have found, below the current folder. */
export const RESULTS_FOLDER = 'bench-results';

/**
 * Comes before anything is measured: minutes of work should not end at a folder that cannot be made.
 *
 * @throws {BenchError} ERR_IO
 */
export async function ensureResultsFolder(): Promise<void> {
  await orSay(`cannot make ${RESULTS_FOLDER}`, mkdir(RESULTS_FOLDER, { recursive: true }));
}

/** @throws {BenchError} ERR_IO */
export async function writeResult(name: string, contents: string): Promise<void> {
  const path = join(RESULTS_FOLDER, name);
  await orSay(`cannot write ${path}`, writeFile(path, contents));
}

/**
 * What an earlier run has left must not stand beside the results of this one.
 *
 * @throws {BenchError} ERR_IO
 */
export async function removeResult(name: string): Promise<void> {
  const path = join(RESULTS_FOLDER, name);
  await orSay(`cannot remove ${path}`, rm(path, { force: true }));
}

async function orSay(failure: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    throw new BenchError('ERR_IO', `${failure}: ${(cause as Error).message}`, { cause });
  }
}
