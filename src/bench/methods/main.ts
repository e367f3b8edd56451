import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { availableThreads, device, LetheError, version } from '../../index.js';
import { loadStudyData } from '../data.js';
import { Progress } from '../progress.js';
import type { Deletion } from './deletions.js';
import { goalsOf } from './goals.js';
import { measureMethods } from './measure.js';
import { renderMethodsPage } from './report.js';
import { measureSequence } from './sequence.js';
import { type MethodsReport, renderMethods } from './tables.js';

interface Flags {
  data?: string;
  download: boolean;
  synthetic: boolean;
  threads: number;
  quick: boolean;
  json: boolean;
  out: string;
}

/** The goals are about the first of each kind; nothing was tuned on the others. */
const DELETIONS: readonly Deletion[] = [
  { kind: 'class', label: 0 },
  { kind: 'user', rank: 0 },
  { kind: 'class', label: 7 },
  { kind: 'user', rank: 9 },
];

/** 42 to 44 were used to tune exactRetrain. */
const SEEDS = [45, 46, 47, 48, 49];

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new InvalidArgumentError('a whole number in 1..1024');
  }
  return count;
}

function parseFlags(): Flags {
  return new Command('npm run bench:methods --')
    .description('Judges every method of forgetting on deleted classes and users.')
    .option('--data <folder>', "MNIST's four files; default: MNIST_DIR, else the user's cache")
    .option('--no-download', 'do not fetch MNIST into the cache')
    .option('--synthetic', 'drawn digits instead of MNIST', false)
    .option('--threads <n>', 'default: all cores', parseCount, availableThreads())
    .option('--quick', 'one seed, two deletions and fewer retrains', false)
    .option('--json', 'print the figures as JSON and nothing else on stdout', false)
    .option('--out <folder>', 'where methods.html and methods.json go', 'bench-results')
    .parse()
    .opts<Flags>();
}

async function measure(flags: Flags, progress: Progress): Promise<MethodsReport> {
  const startedAt = performance.now();
  const { data } = await loadStudyData(flags, progress);
  const seeds = flags.quick ? SEEDS.slice(0, 1) : SEEDS;
  const onStage = (stage: string) => progress.stage(stage);
  const deletions = await measureMethods({
    ...{ data, seeds, threads: flags.threads },
    deletions: flags.quick ? DELETIONS.slice(0, 2) : DELETIONS,
    retrains: flags.quick ? { calibrating: 2, floor: 3 } : { calibrating: 5, floor: 10 },
    onStage,
  });
  const sequence = await measureSequence({
    ...{ data, seed: seeds[0]!, threads: flags.threads, onStage },
    ...(flags.quick ? { requests: 10, every: 5 } : { requests: 100, every: 10 }),
  });
  return {
    dataset: data.train.name,
    environment: {
      lethe: version,
      node: process.version,
      platform: `${platform()} ${arch()}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      device: device(),
      ...{ threads: flags.threads, seeds, seconds: (performance.now() - startedAt) / 1000 },
    },
    ...{ deletions, sequence },
    goals: goalsOf(deletions),
  };
}

/** Before anything is measured: minutes of work should not end in an error. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const { message } = cause as Error;
    throw new LetheError('ERR_IO', `cannot make the folder ${path}: ${message}`, { cause });
  }
}

async function main(): Promise<void> {
  const flags = parseFlags();
  await makeFolder(flags.out);
  const progress = new Progress();
  let report: MethodsReport;
  try {
    report = await measure(flags, progress);
  } finally {
    progress.stop();
  }
  const json = JSON.stringify(report, null, 2);
  await writeFile(join(flags.out, 'methods.json'), json);
  await writeFile(join(flags.out, 'methods.html'), renderMethodsPage(report));
  console.log(flags.json ? json : renderMethods(report));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LetheError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
