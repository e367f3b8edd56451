import { arch, cpus, platform } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { availableThreads, device, LetheError, version } from '../index.js';
import type { DataFlags } from './data.js';

/** Where the benches write what they have found, below the current folder. */
export const RESULTS_FOLDER = 'bench-results';

/** What every bench lets its user choose. */
export interface BenchFlags extends DataFlags {
  readonly threads: number;
  readonly quick: boolean;
  readonly json: boolean;
}

export function benchCommand(script: string, description: string, quick: string): Command {
  return new Command(`npm run ${script} --`)
    .description(description)
    .option('--data <folder>', "MNIST's four files; default: MNIST_DIR, else the user's cache")
    .option('--no-download', 'do not fetch MNIST into the cache')
    .option('--synthetic', 'drawn digits instead of MNIST', false)
    .option('--threads <n>', 'default: all cores', parseThreads, availableThreads())
    .option('--quick', quick, false)
    .option('--json', 'print the results as JSON and nothing else on stdout', false);
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new InvalidArgumentError('threads must be a whole number in 1..1024');
  }
  return threads;
}

/** What a figure belongs to. */
export interface Machine {
  readonly lethe: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  /** Backend and instruction set, e.g. `cpu avx512`. */
  readonly device: string;
}

export function describeMachine(): Machine {
  return {
    lethe: version,
    node: process.version,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    device: device(),
  };
}

/** Ends the process with 1 after an error that the user can do something about. */
export function reportError(error: unknown): void {
  if (!(error instanceof LetheError)) throw error;
  const hint = error.code === 'ERR_DATA_NOT_FOUND' ? '\nHere the option is --data DIR.' : '';
  process.stderr.write(`${error.code}: ${error.message}${hint}\n`);
  process.exitCode = 1;
}
