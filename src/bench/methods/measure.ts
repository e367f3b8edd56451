import {
  LetheError,
  Model,
  retrain,
  trainMany,
  type UnlearningRequest,
  type UnlearningResult,
} from '../../index.js';
import { EPOCHS, WIDTHS } from '../settings.js';
import { totalSeconds } from '../statistics.js';
import type { StudyData } from '../study.js';
import { CATALOG } from './catalog.js';
import { type Deletion, deletedRows } from './deletions.js';
import { Judge, type Judgement } from './judge.js';

export interface MethodsBench {
  readonly data: StudyData;
  readonly deletions: readonly Deletion[];
  readonly seeds: readonly number[];
  /** Retrains by M0's recipe: the first ones calibrate, the others are the floor. */
  readonly retrains: { readonly calibrating: number; readonly floor: number };
  readonly threads: number;
  readonly onStage: (stage: string) => void;
}

/** One method on one deletion and seed. */
export interface MethodRun {
  readonly seed: number;
  readonly judgement: Judgement;
  /** Of M0's. */
  readonly costPercent: number;
  readonly seconds: number;
  readonly secondsPercent: number;
}

export interface DeletionFigures {
  readonly deletion: Deletion;
  readonly title: string;
  readonly forgetRows: number;
  readonly retainRows: number;
  /** M0' against M0: no method can be asked to come closer. */
  readonly floor: readonly Judgement[];
  readonly methods: readonly {
    readonly name: string;
    readonly isExact: boolean;
    /** Of the seeds with which the method came to its end. */
    readonly runs: readonly MethodRun[];
    /** How many others diverged. */
    readonly diverged: number;
  }[];
}

/** Far from every seed of the methods. */
const POOL_SEED = 50_000;
const M0_SEED = 10_000;

export async function measureMethods(bench: MethodsBench): Promise<DeletionFigures[]> {
  const { data, seeds, onStage } = bench;
  onStage('training the original models');
  const originals = await trainAll(bench, seeds, data.train.allRows());
  const figures: DeletionFigures[] = [];
  for (const deletion of bench.deletions) {
    figures.push(await measureDeletion(bench, deletion, originals));
  }
  return figures;
}

async function measureDeletion(
  bench: MethodsBench,
  deletion: Deletion,
  originals: readonly Model[],
): Promise<DeletionFigures> {
  const { data, seeds, retrains, threads, onStage } = bench;
  const rows = deletedRows(data, deletion);
  const stage = (text: string) => onStage(`${rows.title} · ${text}`);
  stage(`${retrains.calibrating + retrains.floor} retrains for the floor`);
  const pool = await trainAll(
    bench,
    Array.from({ length: retrains.calibrating + retrains.floor }, (_, i) => POOL_SEED + i),
    rows.retain,
  );
  const judge = new Judge(data, rows);
  await judge.calibrateWith(pool.slice(0, retrains.calibrating));

  const m0s: UnlearningResult[] = [];
  for (const [i, seed] of seeds.entries()) {
    stage(`seed ${seed} · M0`);
    const request = { model: originals[i]!, dataset: data.train, ...rows };
    m0s.push(await retrain(request, { seed: seed + M0_SEED, threads }));
  }
  stage('judging the floor');
  const floor: Judgement[] = [];
  for (const [i, model] of pool.slice(retrains.calibrating).entries()) {
    floor.push(await judge.judge(model, m0s[i % m0s.length]!.model, i));
  }

  const methods = [];
  for (const { name, isExact, only, run } of CATALOG) {
    if (only && only !== deletion.kind) continue;
    const runs: MethodRun[] = [];
    for (const [i, seed] of seeds.entries()) {
      stage(`seed ${seed} · ${name}`);
      const request: UnlearningRequest = { model: originals[i]!, dataset: data.train, ...rows };
      const m0 = m0s[i]!;
      const result = await unlessDiverged(run(request, seed, deletion.kind));
      if (!result) continue;
      const seconds = totalSeconds(result.seconds);
      runs.push({
        seed,
        judgement: await judge.judge(result.model, m0.model, seed),
        costPercent: (100 * result.multiplyAdds) / m0.multiplyAdds,
        seconds,
        secondsPercent: (100 * seconds) / totalSeconds(m0.seconds),
      });
    }
    methods.push({ name, isExact, runs, diverged: seeds.length - runs.length });
  }
  return {
    ...{ deletion, title: rows.title, floor, methods },
    forgetRows: rows.forget.length,
    retainRows: rows.retain.length,
  };
}

async function unlessDiverged(
  run: Promise<UnlearningResult>,
): Promise<UnlearningResult | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof LetheError && error.code === 'ERR_DIVERGED') return undefined;
    throw error;
  }
}

/** A model of M0's recipe for each seed, side by side. */
async function trainAll(
  { data, threads }: MethodsBench,
  seeds: readonly number[],
  rows: Uint32Array,
): Promise<Model[]> {
  const models = seeds.map((seed) => Model.create(WIDTHS, { seed }));
  await trainMany(
    models.map((model, i) => ({
      model,
      dataset: data.train,
      rows,
      seed: seeds[i]!,
      epochs: EPOCHS,
    })),
    { threads },
  );
  return models;
}
