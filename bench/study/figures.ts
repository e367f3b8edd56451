import { type Deletion, Model, openStore, retrain, type UnlearningRequest } from 'lethe';
import { fisherScrub } from 'lethe/methods';
import type { BenchData } from '../support/data.js';
import { benchStream } from '../support/random.js';
import { totalSeconds } from '../support/statistics.js';
import { SETTINGS, WIDTHS } from './settings.js';
import type { StudyOptions } from './study.js';

export const FIGURE_NAMES = ['scalability', 'deletion', 'zipf'] as const;
export type FigureName = (typeof FIGURE_NAMES)[number];

/** Seconds that the two methods take for the same request; `x` is a percentage, or a number of users. */
export interface FigurePoint {
  readonly x: number;
  readonly M0: number;
  readonly M2: number;
}

export type Figures = Readonly<Record<FigureName, readonly FigurePoint[]>>;

/** The study's abscissas: percentages of the rows in two figures, numbers of users in the third. */
export const POINTS = [1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 90];
export const QUICK_POINTS = [1, 10, 30, 60, 90];

/** What the first figure deletes, whatever the total. */
export const DELETED_ROWS = 100;

type Split = Pick<Deletion, 'forget' | 'retain'>;

/**
 * Times the study's three figures, one run a point, with notebook 1's hyper-parameters. One model, trained on
 * all rows, is scrubbed at every point: a scrub's time does not depend on the values of the parameters.
 */
export async function measureFigures(
  data: BenchData,
  seed: number,
  points: readonly number[],
  { onStage, ...compute }: StudyOptions,
): Promise<Figures> {
  const run = { ...compute, seed };
  onStage('figures · training the model to scrub');
  const model = Model.create(WIDTHS, { seed });
  await model.train(data.train, run);

  const point = async (name: FigureName, x: number, split: Split): Promise<FigurePoint> => {
    onStage(`figures · ${name} · ${x}`);
    const request: UnlearningRequest = { model, dataset: data.train, ...split };
    const m0 = await retrain(request, run);
    const m2 = await fisherScrub(request, { ...run, ...SETTINGS.zipf.scrub });
    return { x, M0: totalSeconds(m0.seconds), M2: totalSeconds(m2.seconds) };
  };
  const shuffled = shuffledRows(data.train.rows, seed);
  const share = (percent: number) => Math.ceil((percent / 100) * data.train.rows);

  const scalability: FigurePoint[] = [];
  for (const x of points) {
    const forget = shuffled.subarray(0, DELETED_ROWS);
    // At 1 % of a small data set the deleted rows would be all there are.
    const retain = shuffled.subarray(DELETED_ROWS, Math.max(share(x), DELETED_ROWS + 1));
    scalability.push(await point('scalability', x, { forget, retain }));
  }
  const deletion: FigurePoint[] = [];
  for (const x of points) {
    const forget = shuffled.subarray(0, share(x));
    deletion.push(await point('deletion', x, { forget, retain: shuffled.subarray(share(x)) }));
  }
  const zipf: FigurePoint[] = [];
  for await (const { users, ...split } of deleteTopUsers(data, seed, points)) {
    zipf.push(await point('zipf', users, split));
  }
  return { scalability, deletion, zipf };
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
