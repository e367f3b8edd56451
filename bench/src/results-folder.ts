import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the benches write what they have found, below the current folder. */
export const RESULTS_FOLDER = 'bench-results';

/** Before anything is measured: minutes of work should not end at a folder that cannot be made. */
export async function ensureResultsFolder(): Promise<void> {
  await mkdir(RESULTS_FOLDER, { recursive: true });
}

export async function writeResult(name: string, contents: string): Promise<void> {
  await writeFile(join(RESULTS_FOLDER, name), contents);
}
