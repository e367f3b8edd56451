import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Dataset } from 'lethe';
import { loadMnist, syntheticDigits } from 'lethe/datasets';
import { inLethe } from '../support/places.js';
import { rangeOf } from '../support/timing.js';

/** What a process of its own costs over one that does nothing. */
export interface ProcessCost {
  readonly milliseconds: number;
  /** Resident at its end, in MB of 10^6 bytes. */
  readonly megabytes: number;
}

const RUNS = 7;
const TRAINING = fileURLToPath(new URL('train-once.js', import.meta.url));

/** What `import 'lethe'` costs, by name as in an application. */
export async function importCost(): Promise<ProcessCost> {
  const timed = (body: string) =>
    `const start = performance.now(); ${body}; const milliseconds = performance.now() - start;` +
    'console.log(JSON.stringify({ milliseconds, bytes: process.memoryUsage.rss() }));';
  const importing = await repeated(['--input-type=module', '-e', timed(`await import('lethe')`)]);
  const bare = await repeated(['--input-type=module', '-e', timed('')]);
  return difference(importing, bare);
}

/** The memory that opening a row file of MNIST and training an epoch on it costs. */
export async function trainingMemory(dataFolder: string | undefined): Promise<number> {
  const training = await withRowFile(dataFolder, (path) => repeated([TRAINING, path], 1));
  const bare = await repeated([
    '-e',
    'console.log(JSON.stringify({ milliseconds: 0, bytes: process.memoryUsage.rss() }))',
  ]);
  return difference(training, bare).megabytes;
}

async function withRowFile<T>(
  dataFolder: string | undefined,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const { train } = dataFolder
    ? await loadMnist({ dir: dataFolder })
    : syntheticDigits({ testRows: 1 });
  const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-'));
  try {
    const path = join(folder, 'rows.safetensors');
    await new Dataset(train).save(path);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Usage {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** Where `lethe` is a package by name, whatever the folder that the bench runs in. */
const cwd = inLethe('bench');

async function repeated(args: readonly string[], runs = RUNS): Promise<Usage> {
  const usages: Usage[] = [];
  for (let run = 0; run < runs; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
    usages.push(JSON.parse(stdout) as Usage);
  }
  return {
    milliseconds: rangeOf(usages.map((usage) => usage.milliseconds)).median,
    bytes: rangeOf(usages.map((usage) => usage.bytes)).median,
  };
}

function difference(a: Usage, b: Usage): ProcessCost {
  return {
    milliseconds: a.milliseconds - b.milliseconds,
    megabytes: (a.bytes - b.bytes) / 1e6,
  };
}
