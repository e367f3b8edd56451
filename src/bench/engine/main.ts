import { arch, cpus, platform } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { availableThreads, device, LetheError, version } from '../../index.js';
import { loadStudyData } from '../data.js';
import { Progress } from '../progress.js';
import { goalsOf } from './goals.js';
import { measureEngine, QUICK, THOROUGH } from './measure.js';
import { NativeBench } from './native-bench.js';
import { PyTorchPeer } from './pytorch-peer.js';
import { type EngineReport, renderEngine } from './tables.js';

interface Flags {
  data?: string;
  download: boolean;
  synthetic: boolean;
  threads: number;
  quick: boolean;
  peers: boolean;
  python: string;
  json: boolean;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new InvalidArgumentError('a whole number in 1..1024');
  }
  return count;
}

function parseFlags(): Flags {
  return new Command('npm run bench:engine --')
    .description('Measures the CPU engine against the machine and, with --peers, against PyTorch.')
    .option('--data <folder>', "MNIST's four files; default: MNIST_DIR, else the user's cache")
    .option('--no-download', 'do not fetch MNIST into the cache')
    .option('--synthetic', 'drawn digits instead of MNIST', false)
    .option('--threads <n>', 'default: all cores', parseCount, availableThreads())
    .option('--quick', 'one measurement of each instead of 7, and a few sizes', false)
    .option('--peers', 'measure PyTorch in the same run', false)
    .option('--python <path>', 'the Python that has PyTorch', '/usr/bin/python3')
    .option('--json', 'print the figures as JSON and nothing else on stdout', false)
    .parse()
    .opts<Flags>();
}

async function report(flags: Flags, progress: Progress): Promise<EngineReport> {
  const loaded = await loadStudyData(flags, progress);
  const effort = flags.quick ? QUICK : THOROUGH;
  const native = new NativeBench();
  let peer: PyTorchPeer | undefined;
  try {
    if (flags.peers) peer = await PyTorchPeer.start(flags.python, flags.threads);
    const figures = await measureEngine({
      ...{ ...loaded, native, ...(peer && { peer }) },
      ...{ threads: flags.threads, effort },
      onStage: (stage) => progress.stage(stage),
    });
    return {
      dataset: loaded.data.train.name,
      environment: {
        lethe: version,
        node: process.version,
        platform: `${platform()} ${arch()}`,
        cpu: cpus()[0]?.model ?? 'unknown',
        device: device(),
        ...{ threads: flags.threads, rounds: effort.rounds, steps: effort.steps },
        ...(peer && { peer: peer.version }),
      },
      ...figures,
      goals: goalsOf(figures),
    };
  } finally {
    native.close();
    peer?.close();
  }
}

async function main(): Promise<void> {
  const flags = parseFlags();
  const progress = new Progress();
  let results: EngineReport;
  try {
    results = await report(flags, progress);
  } finally {
    progress.stop();
  }
  console.log(flags.json ? JSON.stringify(results, null, 2) : renderEngine(results));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LetheError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
