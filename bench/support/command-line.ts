import { arch, cpus, platform } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ComputeOptions, devices, LetheError, version } from 'lethe';
import { availableThreads } from 'lethe/engine';
import { BenchError } from './bench-error.js';
import type { DataFlags } from './data.js';

/** Where and how a bench computes. */
export type ComputeFlags = Pick<ComputeOptions, 'threads'> &
  Required<Pick<ComputeOptions, 'device' | 'precision'>>;

/** What every bench lets its user choose. */
export interface CommonFlags extends ComputeFlags {
  readonly quick: boolean;
  readonly json: boolean;
}

/** What a bench on MNIST lets its user choose. */
export interface BenchFlags extends DataFlags, CommonFlags {}

export function benchCommand(script: string, description: string, quick: string): Command {
  return commonCommand(script, description, quick)
    .option('--no-download', 'do not fetch MNIST into the cache')
    .option('--synthetic', 'drawn digits instead of MNIST', false);
}

export function commonCommand(script: string, description: string, quick: string): Command {
  return new Command(`npm run ${script} --`)
    .description(description)
    .option('--data <folder>', "MNIST's four files; default: MNIST_DIR, else the user's cache")
    .option(
      '--threads <n>',
      'default: all cores; with --device cuda, models side by side: 6',
      parseThreads,
    )
    .addOption(
      new Option('--device <name>', 'auto: the CUDA device, where there is one')
        .choices(['cpu', 'cuda', 'auto'])
        .default('cpu'),
    )
    .addOption(
      new Option('--precision <name>', 'fast: TF32 tensor cores, other bits; needs --device cuda')
        .choices(['exact', 'fast'])
        .default('exact'),
    )
    .option('--quick', quick, false)
    .option('--json', 'print the results as JSON and nothing else on stdout', false);
}

/** `42,45-47` is 42, 45, 46, 47. */
export function parseSeeds(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first || last - first >= 1000) {
      throw new InvalidArgumentError('seeds look like 42 or 42,43 or 42-46');
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Names between commas. */
export function parseNames(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new InvalidArgumentError('threads must be a whole number in 1..1024');
  }
  return threads;
}

export function computeFlags({ threads, device, precision }: CommonFlags): ComputeFlags {
  return { ...(threads !== undefined && { threads }), device, precision };
}

/** How many threads the CPU computes on. */
export function threadsOf({ threads = availableThreads() }: ComputeFlags): number {
  return threads;
}

/** What a figure belongs to. */
export interface Machine {
  readonly lethe: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly threads: number;
  /** What has computed, e.g. `cpu avx512`, and the precision where it is not exact. */
  readonly device: string;
}

export function describeMachine(flags: ComputeFlags): Machine {
  return {
    lethe: version,
    node: process.version,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    threads: threadsOf(flags),
    device: describeDevice(flags),
  };
}

function describeDevice({ device, precision }: ComputeFlags): string {
  const { cpu, cuda } = devices();
  if (device === 'cpu' || !cuda.available) return cpu;
  return `cuda ${cuda.description}${precision === 'fast' ? ', fast precision' : ''}`;
}

/** Ends the process with 1 after an error that the user can do something about. */
export function reportError(error: unknown): void {
  if (!(error instanceof LetheError || error instanceof BenchError)) throw error;
  const hint = error.code === 'ERR_DATA_NOT_FOUND' ? '\nHere the option is --data DIR.' : '';
  process.stderr.write(`${error.code}: ${error.message}${hint}\n`);
  process.exitCode = 1;
}
