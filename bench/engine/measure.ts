import { Dataset, Model, type RowSet, retrain, type UnlearningRequest } from 'lethe';
import { pass } from 'lethe/engine';
import { trainMany } from 'lethe/jobs';
import { fisherScrub } from 'lethe/methods';
import { SETTINGS, WIDTHS } from '../study/settings.js';
import { type ComputeFlags, threadsOf } from '../support/command-line.js';
import type { BenchData } from '../support/data.js';
import { interleave, type Range, rangeOf, ratios, seconds } from '../support/timing.js';
import { type NativeBench, type StepShape, type StepTime, stepOperations } from './native-bench.js';
import { importCost, type ProcessCost, trainingMemory } from './processes.js';
import type { PyTorchPeer } from './pytorch-peer.js';

/** How much is measured. */
export interface Effort {
  /** Measurements of everything that is compared, in turns with the peer. */
  readonly rounds: number;
  /** Training steps of a measurement. */
  readonly steps: number;
  readonly wideSteps: number;
  readonly batches: readonly number[];
  readonly hiddenWidths: readonly number[];
}

export const THOROUGH: Effort = {
  rounds: 7,
  steps: 400,
  wideSteps: 3,
  batches: [1, 8, 32, 128, 512, 2048, 4096],
  hiddenWidths: [128, 256, 512, 1024, 2048, 4096],
};

export const QUICK: Effort = {
  rounds: 1,
  steps: 20,
  wideSteps: 1,
  batches: [1, 128],
  hiddenWidths: [128, 512],
};

/** What is measured, how often, and against whom. */
export interface Bench {
  readonly data: BenchData;
  readonly mnistFolder: string | undefined;
  readonly examples: readonly Uint8Array[];
  readonly native: NativeBench;
  readonly peer?: PyTorchPeer;
  readonly compute: ComputeFlags;
  readonly effort: Effort;
  readonly onStage: (stage: string) => void;
}

/** Our time and, where there is a peer, the peer's and how many times as long that is. */
export interface Compared {
  readonly microseconds: Range;
  readonly peerMicroseconds?: Range;
  readonly peerRatio?: Range;
}

/** A step between barriers, of the engine alone. */
export interface StepProfile extends StepTime {
  readonly shape: StepShape;
  readonly gflops: number;
  /** Of the peak measured just before and after; with zeros skipped it may exceed 1. */
  readonly shareOfPeak: number;
}

export interface ScalingPoint {
  readonly x: number;
  readonly microseconds: number;
  readonly gflops: number;
}

export interface EngineFigures {
  /** 10^9 operations a second of multiply-adds in registers. */
  readonly peak: { readonly oneThread: number; readonly allThreads: number };
  readonly profiles: Readonly<Record<'dense' | 'mnist' | 'wide', StepProfile>>;
  readonly scaling: Readonly<Record<'threads' | 'batch' | 'width', readonly ScalingPoint[]>>;
  /** A training step through the public API. */
  readonly step: Readonly<Record<'dense' | 'mnist', Compared>>;
  /** Of a batch of 128 dense rows, and as a multiple of the gradient's time. */
  readonly fisher: Compared & { readonly backwardRatio: Range };
  /** Of 10,000 rows, to accuracy and loss. */
  readonly evaluate: Compared;
  readonly predictOneRow: Range;
  readonly importing: ProcessCost;
  readonly trainingMegabytes: number;
  /** Two models on two threads, as a multiple of one on one. */
  readonly twoOnTwo: Range;
  /** The study's exclusive experiment, one run, in seconds. */
  readonly study: { readonly retrain: number; readonly scrub: number };
}

const BATCH = 128;
const MNIST_DENSITY = 0.19;
const DENSE: StepShape = { widths: WIDTHS, batch: BATCH, density: 1 };
const WIDE: StepShape = { widths: [784, 4096, 4096, 10], batch: 1024, density: 1 };

export async function measureEngine(bench: Bench): Promise<EngineFigures> {
  const { native, effort, onStage } = bench;
  const threads = threadsOf(bench.compute);
  onStage('the peak of multiply-adds');
  const peak = { oneThread: await native.peak(1), allThreads: await native.peak(threads) };
  onStage('the stages of a step');
  const profiles = {
    dense: await profile(bench, DENSE, effort.steps),
    mnist: await profile(bench, { ...DENSE, density: MNIST_DENSITY }, effort.steps),
    wide: await profile(bench, WIDE, effort.wideSteps),
  };
  onStage('scaling over threads, batches and widths');
  const scaling = await measureScaling(bench);

  const dense = denseDataset();
  onStage('a training step');
  const step = {
    dense: await compareSteps(bench, dense),
    mnist: await compareSteps(bench, bench.data.train),
  };
  onStage('the Fisher of each row');
  const fisher = await compareFisher(bench, dense);
  onStage('evaluation');
  const evaluate = await compareEvaluation(bench);
  onStage('one row');
  const predictOneRow = measurePredict(bench);
  onStage('two models on two threads');
  const twoOnTwo = await measureEnsemble(bench);
  onStage('the study');
  const study = await measureStudy(bench);
  onStage('importing and memory');
  return {
    ...{ peak, profiles, scaling, step, fisher, evaluate, predictOneRow, twoOnTwo, study },
    importing: await importCost(),
    trainingMegabytes: await trainingMemory(bench.mnistFolder),
  };
}

/** The median of a few runs, each between two measurements of the peak. */
async function profile(bench: Bench, shape: StepShape, steps: number): Promise<StepProfile> {
  const { native, effort } = bench;
  const threads = threadsOf(bench.compute);
  const runs: StepProfile[] = [];
  let before = await native.peak(threads);
  for (let round = 0; round < effort.rounds; round++) {
    const time = await native.step(shape, threads, steps);
    const after = await native.peak(threads);
    const gflops = stepOperations(shape) / time.stepMicroseconds / 1e3;
    runs.push({ ...time, shape, gflops, shareOfPeak: gflops / ((before + after) / 2) });
    before = after;
  }
  runs.sort((a, b) => a.shareOfPeak - b.shareOfPeak);
  return runs[Math.floor(runs.length / 2)]!;
}

async function measureScaling({
  native,
  compute,
  effort,
}: Bench): Promise<EngineFigures['scaling']> {
  const point = async (x: number, shape: StepShape, team: number): Promise<ScalingPoint> => {
    const operations = stepOperations(shape);
    const steps = Math.min(200, Math.max(3, Math.ceil(2e10 / operations)));
    const { stepMicroseconds } = await native.step(shape, team, steps);
    return { x, microseconds: stepMicroseconds, gflops: operations / stepMicroseconds / 1e3 };
  };
  const points = async (xs: readonly number[], shapeOf: (x: number) => [StepShape, number]) => {
    const measured: ScalingPoint[] = [];
    for (const x of xs) measured.push(await point(x, ...shapeOf(x)));
    return measured;
  };
  const threads = threadsOf(compute);
  const teams = Array.from({ length: threads }, (_, i) => i + 1);
  return {
    threads: await points(teams, (team) => [DENSE, team]),
    batch: await points(effort.batches, (batch) => [{ ...DENSE, batch }, threads]),
    width: await points(effort.hiddenWidths, (width) => [
      { ...DENSE, widths: [784, width, width, 10] },
      threads,
    ]),
  };
}

/** As many rows as MNIST's, without a zero among their bytes. */
function denseDataset(): Dataset {
  const [columns, classes] = [WIDTHS[0], WIDTHS[3]];
  const rows = 60_000;
  let state = 1;
  const features = Uint8Array.from({ length: rows * columns }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return 1 + ((state >>> 24) % 255);
  });
  return new Dataset({
    name: 'random bytes',
    features,
    labels: Uint32Array.from({ length: rows }, (_, row) => row % classes),
    ...{ rows, columns, classes, affine: { scale: 1 / 255, offset: -0.5 } },
  });
}

function firstRows(dataset: Dataset, count: number): RowSet {
  return dataset.allRows().slice(0, count);
}

/** @param units of work in one measurement: the times are those of one */
function compared(ours: readonly number[], peers: readonly number[] | undefined, units: number) {
  const microseconds = (values: readonly number[]) =>
    rangeOf(values.map((value) => (value / units) * 1e6));
  return {
    microseconds: microseconds(ours),
    ...(peers && { peerMicroseconds: microseconds(peers), peerRatio: ratios(peers, ours) }),
  };
}

async function compareSteps(bench: Bench, dataset: Dataset): Promise<Compared> {
  const { compute, peer, effort } = bench;
  const steps = Math.min(effort.steps, Math.floor(dataset.rows / BATCH));
  const rows = firstRows(dataset, steps * BATCH);
  const model = Model.create(WIDTHS);
  const { ours, peers } = await interleave<'ours' | 'peers'>(effort.rounds, {
    ours: () => seconds(() => model.train(dataset, { rows, epochs: 1, ...compute })),
    peers: async () =>
      peer ? peer.seconds({ work: 'train', widths: WIDTHS, batch: BATCH, steps }) : 0,
  });
  return compared(ours, peer && peers, steps);
}

async function compareFisher(bench: Bench, dataset: Dataset): Promise<EngineFigures['fisher']> {
  const { compute, peer, effort } = bench;
  const { steps } = effort;
  const rows = firstRows(dataset, steps * BATCH);
  const model = Model.create(WIDTHS);
  const collect = (kind: 'gradient' | 'squaredGradient') =>
    seconds(() =>
      pass(
        model,
        dataset,
        { rows, batchSize: BATCH },
        { target: 'label' },
        kind === 'gradient' ? { kind } : { kind, mode: 'perRow' },
        compute,
      ),
    );
  const { ours, backward, peers } = await interleave<'ours' | 'backward' | 'peers'>(effort.rounds, {
    ours: () => collect('squaredGradient'),
    backward: () => collect('gradient'),
    peers: async () =>
      peer ? peer.seconds({ work: 'fisher', widths: WIDTHS, batch: BATCH, steps }) : 0,
  });
  return {
    ...compared(ours, peer && peers, steps),
    backwardRatio: ratios(ours, backward),
  };
}

async function compareEvaluation(bench: Bench): Promise<Compared> {
  const { compute, peer, effort, data } = bench;
  const rows = data.test.allRows().slice(0, 10_000);
  const model = Model.create(WIDTHS);
  const { ours, peers } = await interleave<'ours' | 'peers'>(effort.rounds, {
    ours: () => seconds(() => model.evaluate(data.test, rows, compute)),
    peers: async () =>
      peer ? peer.seconds({ work: 'evaluate', widths: WIDTHS, rows: rows.length }) : 0,
  });
  return compared(ours, peer && peers, 1);
}

/** Microseconds of `predict` for a row, 50 times the mean over all examples. */
function measurePredict({ data: { test }, examples }: Bench): Range {
  const model = Model.create(WIDTHS);
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now();
    for (const row of examples) model.predict(row, test.affine);
    return ((performance.now() - start) / examples.length) * 1e3;
  });
  return rangeOf(times);
}

async function measureEnsemble({ data, effort, compute }: Bench): Promise<Range> {
  const rows = firstRows(data.train, effort.steps * BATCH);
  const jobs = (count: number) =>
    Array.from({ length: count }, (_, seed) => ({
      model: Model.create(WIDTHS, { seed }),
      dataset: data.train,
      ...{ rows, seed, epochs: 1 },
    }));
  const { two, one } = await interleave<'two' | 'one'>(effort.rounds, {
    two: () => seconds(() => trainMany(jobs(2), { ...compute, threads: 2 })),
    one: () => seconds(() => trainMany(jobs(1), { ...compute, threads: 1 })),
  });
  return ratios(two, one);
}

/** The exclusive experiment: the owner of all zeros leaves. */
async function measureStudy({ data: { train }, compute }: Bench): Promise<EngineFigures['study']> {
  const model = Model.create(WIDTHS, { seed: 42 });
  await model.train(train, { ...compute, seed: 42 });
  const rows = train.allRows();
  const request: UnlearningRequest = {
    model,
    dataset: train,
    forget: rows.filter((row) => train.labels[row] === 0),
    retain: rows.filter((row) => train.labels[row] !== 0),
  };
  const { scrub } = SETTINGS.exclusive;
  return {
    retrain: await seconds(() => retrain(request, compute)),
    scrub: await seconds(() => fisherScrub(request, { ...scrub, mode: 'paper', ...compute })),
  };
}
