/**
 * Training on row files of growing size: seconds, and the memory that a process takes of its own. Each
 * size has a process that writes the file and one that reads it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { availableThreads } from 'lethe/engine';
import { reportError } from '../support/command-line.js';
import { inLethe } from '../support/places.js';
import { residentOf } from './memory.js';

interface Flags {
  readonly rows: readonly number[];
  readonly columns: number;
  readonly threads: number;
  readonly folder: string;
}

const program = (name: string) => fileURLToPath(new URL(`${name}.js`, import.meta.url));
const SAMPLE_MILLISECONDS = 20;

function parseFlags(): Flags {
  return new Command('npm run bench:rows --')
    .description('Trains on row files: exactRetrain by `steady`, [columns, 256, 10].')
    .option('--rows <list>', 'how many', (list) => list.split(',').map(Number), [100_000])
    .option('--columns <n>', 'float32 features of a row', Number, 384)
    .option('--threads <n>', 'of the training', Number, availableThreads())
    .option('--folder <path>', 'with room for the largest file', tmpdir())
    .parse()
    .opts<Flags>();
}

async function measure(path: string, rows: number, { columns, threads }: Flags) {
  const run = promisify(execFile);
  const cwd = inLethe('bench');
  await run(process.execPath, [program('write-rows'), path, `${rows}`, `${columns}`], { cwd });
  const running = run(process.execPath, [program('retrain-once'), path, `${threads}`], { cwd });
  let [own, ofFiles] = [0, 0];
  const sampling = setInterval(async () => {
    const resident = await residentOf(running.child.pid!);
    own = Math.max(own, resident?.own ?? 0);
    ofFiles = Math.max(ofFiles, resident?.ofFiles ?? 0);
  }, SAMPLE_MILLISECONDS);
  const { stdout } = await running.finally(() => clearInterval(sampling));
  const { open, retrain, accuracy } = JSON.parse(stdout) as Record<string, number>;
  const bytes = (await stat(path)).size;
  return {
    ...{ rows, 'file MB': bytes / 1e6, 'open s': open! / 1e3, 'retrain s': retrain! / 1e3 },
    ...{ 'own peak MB': own / 1e6, 'pages of files MB': ofFiles / 1e6 },
    ...{ 'own / file': own / bytes, accuracy },
  };
}

try {
  const flags = parseFlags();
  const folder = await mkdtemp(join(flags.folder, 'lethe-rows-'));
  try {
    for (const rows of flags.rows) {
      console.log(JSON.stringify(await measure(join(folder, 'rows'), rows, flags)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
} catch (error) {
  reportError(error);
}
