import { WIDTHS } from '../study/settings.js';
import { threadsOf } from '../support/command-line.js';
import type { Bench } from './bench.js';
import { type StepShape, type StepTime, stepOperations } from './native-bench.js';

/** A step between barriers, of the engine alone. */
export interface StepProfile extends StepTime {
  readonly shape: StepShape;
  readonly gflops: number;
  /** The peak is measured just before and after; with zeros skipped the share may exceed 1. */
  readonly shareOfPeak: number;
}

export type Profiles = Readonly<Record<'dense' | 'mnist' | 'wide' | 'largeBatch', StepProfile>>;

export interface ScalingPoint {
  readonly x: number;
  readonly microseconds: number;
  readonly gflops: number;
}

export type Scaling = Readonly<Record<'threads' | 'batch' | 'width', readonly ScalingPoint[]>>;

/** The share of MNIST's bytes that are not 0. */
const MNIST_DENSITY = 0.19;
const DENSE: StepShape = { widths: WIDTHS, batch: 128, density: 1 };
const WIDE: StepShape = { widths: [784, 4096, 4096, 10], batch: 1024, density: 1 };
const LARGE_BATCH: StepShape = { ...DENSE, batch: 4096 };

export async function profileSteps(bench: Bench): Promise<Profiles> {
  const { steps, wideSteps, largeBatchSteps } = bench.effort;
  return {
    dense: await profile(bench, DENSE, steps),
    mnist: await profile(bench, { ...DENSE, density: MNIST_DENSITY }, steps),
    wide: await profile(bench, WIDE, wideSteps),
    largeBatch: await profile(bench, LARGE_BATCH, largeBatchSteps),
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

export async function measureScaling({ native, compute, effort }: Bench): Promise<Scaling> {
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
