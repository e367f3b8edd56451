import {
  type Deletion,
  exactRetrain,
  Model,
  openStore,
  retrain,
  type UnlearningRequest,
} from 'lethe';
import { fisherScrub } from 'lethe/methods';
import type { BenchData } from '../support/data.js';
import { benchStream } from '../support/random.js';
import { totalSeconds } from '../support/statistics.js';
import { rangeOf } from '../support/timing.js';
import { SETTINGS, studyWidths } from './settings.js';
import type { StudyOptions } from './study.js';

export const FIGURE_NAMES = ['scalability', 'deletion', 'zipf'] as const;
export type FigureName = (typeof FIGURE_NAMES)[number];

/** Seconds that each method takes for the same request, the median of the runs; `exact` is exactRetrain. */
export interface FigurePoint {
  /** A percentage of the rows, or a number of users. */
  readonly x: number;
  readonly M0: number;
  readonly M2: number;
  readonly exact: number;
}

export type Figures = Readonly<Record<FigureName, readonly FigurePoint[]>>;

/** The study's abscissas: percentages of the rows in two figures, numbers of users in the third. */
export const POINTS = [1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 90];
export const QUICK_POINTS = [1, 30, 90];

/** What the first figure deletes, whatever the total. */
export const DELETED_ROWS = 100;

/** Runs of a point: of three the middle one is not another program's. */
export const RUNS = 3;

type Split = Pick<Deletion, 'forget' | 'retain'>;

/** A request of a figure, and the seconds of what has been run of it so far. */
interface Point {
  readonly name: FigureName;
  readonly x: number;
  readonly split: Split;
  readonly seconds: Readonly<Record<'M0' | 'M2' | 'exact', number[]>>;
}

/**
 * Times the study's three figures with notebook 1's hyper-parameters. One model, trained on all rows,
 * is scrubbed at every point: a scrub's time does not depend on the values of the parameters. Every
 * point is run before one is run again, so that what disturbs a run leaves the others alone.
 */
export async function measureFigures(
  data: BenchData,
  seed: number,
  points: readonly number[],
  { onStage, ...compute }: StudyOptions,
): Promise<Figures> {
  const run = { ...compute, seed };
  onStage('figures · training the model to scrub');
  const model = Model.create(studyWidths(data.train), { seed });
  await model.train(data.train, run);

  const all = await pointsOf(data, seed, points);
  for (let round = 1; round <= RUNS; round++) {
    for (const { name, x, split, seconds } of all) {
      onStage(`figures · ${name} · ${x} · run ${round} of ${RUNS}`);
      const request: UnlearningRequest = { model, dataset: data.train, ...split };
      const m0 = await retrain(request, run);
      const m2 = await fisherScrub(request, { ...run, ...SETTINGS.zipf.scrub });
      const exact = await exactRetrain(request, run);
      seconds.M0.push(totalSeconds(m0.seconds));
      seconds.M2.push(totalSeconds(m2.seconds));
      seconds.exact.push(totalSeconds(exact.seconds));
    }
  }
  const figure = (of: FigureName) =>
    all.filter(({ name }) => name === of).map(({ x, seconds }) => ({ x, ...medians(seconds) }));
  return {
    scalability: figure('scalability'),
    deletion: figure('deletion'),
    zipf: figure('zipf'),
  };
}

function medians({ M0, M2, exact }: Point['seconds']): Omit<FigurePoint, 'x'> {
  return { M0: rangeOf(M0).median, M2: rangeOf(M2).median, exact: rangeOf(exact).median };
}

async function pointsOf(
  data: BenchData,
  seed: number,
  points: readonly number[],
): Promise<Point[]> {
  const point = (name: FigureName, x: number, split: Split): Point => {
    return { name, x, split, seconds: { M0: [], M2: [], exact: [] } };
  };
  const shuffled = shuffledRows(data.train.rows, seed);
  const share = (percent: number) => Math.ceil((percent / 100) * data.train.rows);
  const scalability = points.map((x) => {
    const forget = shuffled.subarray(0, DELETED_ROWS);
    // At 1 % of a small data set the deleted rows would be all there are.
    const retain = shuffled.subarray(DELETED_ROWS, Math.max(share(x), DELETED_ROWS + 1));
    return point('scalability', x, { forget, retain });
  });
  const deletion = points.map((x) => {
    const forget = shuffled.subarray(0, share(x));
    return point('deletion', x, { forget, retain: shuffled.subarray(share(x)) });
  });
  const zipf: Point[] = [];
  for await (const { users, ...split } of deleteTopUsers(data, seed, points)) {
    zipf.push(point('zipf', users, split));
  }
  return [...scalability, ...deletion, ...zipf];
}

/** Deletes ever more of the largest owners from a store: what is forgotten so far, and what is left. */
async function* deleteTopUsers(
  { source }: BenchData,
  seed: number,
  numbers: readonly number[],
): AsyncGenerator<Split & { users: number }> {
  const store = await openStore();
  try {
    const ownership = SETTINGS.zipf.assign(source, seed);
    await store.ingest(ownership, source.labels);
    const forget: number[] = [];
    let retain = await store.rows();
    let deleted = 0;
    for (const users of numbers) {
      for (; deleted < users; deleted++) {
        const deletion = await store.delete(ownership.subjects[deleted]!);
        for (const row of deletion.forget) forget.push(row);
        retain = deletion.retain;
      }
      yield { users, forget: Uint32Array.from(forget), retain };
    }
  } finally {
    await store.close();
  }
}

function shuffledRows(rows: number, seed: number): Uint32Array {
  const sequence = Uint32Array.from({ length: rows }, (_, row) => row);
  benchStream(seed).shuffle(sequence);
  return sequence;
}
