import { Option } from 'commander';
import { BenchError } from '../support/bench-error.js';
import {
  type BenchFlags,
  benchCommand,
  type ComputeFlags,
  computeFlags,
  parseSeeds,
  reportError,
  threadsOf,
} from '../support/command-line.js';
import { loadBenchData } from '../support/data.js';
import { Progress } from '../support/progress.js';
import { describePeer, PyTorchPeer } from '../support/pytorch-peer.js';
import {
  ensureResultsFolder,
  RESULTS_FOLDER,
  removeResult,
  writeResult,
} from '../support/results-folder.js';
import { FIGURE_NAMES, measureFigures, POINTS, QUICK_POINTS } from './figures.js';
import { type PeerFigures, runPyTorch } from './pytorch-study.js';
import { makeResults, type Results } from './results.js';
import { runSeed, type SeedFigures } from './study.js';
import { renderTables } from './tables.js';

interface Flags extends BenchFlags {
  readonly seeds: number[];
  readonly figures: boolean;
  readonly peer: boolean;
  readonly python: string;
}

function parseFlags(): Flags {
  const { quick, ...flags } = benchCommand(
    'bench',
    "Reproduces the reference study's tables and figures and checks its models in ONNX Runtime.",
    'the first seed only, and 3 points of each figure instead of 19',
  )
    .addOption(
      new Option('--dataset <name>', 'what to study; the files of cifar10 are named with --data')
        .choices(['mnist', 'cifar10'])
        .default('mnist'),
    )
    .option('--seeds <list>', 'e.g. 42-46', parseSeeds, [42, 43, 44, 45, 46])
    .option('--no-figures', 'the tables only')
    .option('--peer', 'run the study in PyTorch too, seed by seed', false)
    .option('--python <path>', 'the Python that has PyTorch', '/usr/bin/python3')
    .parse()
    .opts<Flags>();
  return { ...flags, quick, seeds: quick ? flags.seeds.slice(0, 1) : flags.seeds };
}

async function measure(flags: Flags, progress: Progress): Promise<Results> {
  const startedAt = new Date();
  const { data, mnistFolder } = await loadBenchData(flags, progress);
  if (flags.peer && mnistFolder === undefined) {
    throw new BenchError('ERR_PEER', 'PyTorch runs the study on MNIST only: leave --peer out');
  }
  const seeds: SeedFigures[] = [];
  const peers: PeerFigures[] = [];
  const compute = computeFlags(flags);
  const onStage = (stage: string) => progress.stage(stage);
  const environment = flags.peer ? await fastPyTorch(flags.python, compute, progress) : undefined;
  for (const seed of flags.seeds) {
    seeds.push(await runSeed(data, seed, { ...compute, onStage }));
    if (environment && mnistFolder !== undefined) {
      onStage(`seed ${seed} · the same in PyTorch`);
      const threads = threadsOf(compute);
      peers.push(await runPyTorch(flags.python, mnistFolder, seed, threads, environment));
    }
  }
  const points = flags.quick ? QUICK_POINTS : POINTS;
  const figures = flags.figures
    ? await measureFigures(data, flags.seeds[0]!, points, { ...compute, onStage })
    : undefined;
  return makeResults(
    data,
    { seeds, peers, ...(figures && { figures }) },
    { ...compute, startedAt },
  );
}

/** `results.json`, `report.html`, and one SVG file for each figure. */
/** The environment in which PyTorch's BLAS is as fast as it can be. */
async function fastPyTorch(
  python: string,
  compute: ComputeFlags,
  progress: Progress,
): Promise<NodeJS.ProcessEnv> {
  progress.stage("choosing PyTorch's kernels");
  const peer = await PyTorchPeer.start(python, threadsOf(compute));
  peer.close();
  progress.say(describePeer(peer));
  return peer.environment;
}

async function writeResults(results: Results, json: string): Promise<void> {
  const { drawFigures, renderReport } = await import('./report.js');
  const drawn = drawFigures(results);
  const files: [name: string, contents: string][] = [
    ['results.json', json],
    ['report.html', renderReport(results, drawn)],
    ...[...drawn].map(([name, svg]): [string, string] => [`${name}.svg`, svg]),
  ];
  for (const name of FIGURE_NAMES) await removeResult(`${name}.svg`);
  for (const [name, contents] of files) await writeResult(name, contents);
  const names = files.map(([name]) => name).join(', ');
  process.stderr.write(`In ${RESULTS_FOLDER}: ${names}\n`);
}

async function main(): Promise<void> {
  const flags = parseFlags();
  const progress = new Progress();
  try {
    await ensureResultsFolder();
    const results = await measure(flags, progress);
    progress.stop();
    const json = `${JSON.stringify(results, null, 2)}\n`;
    process.stdout.write(flags.json ? json : `${renderTables(results)}\n`);
    await writeResults(results, json);
  } catch (error) {
    progress.stop();
    reportError(error);
  }
}

await main();
