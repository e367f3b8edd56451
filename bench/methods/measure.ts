import { type ComputeOptions, Model, type RowSet, retrain } from 'lethe';
import { shareMachine, sideBySide, trainMany } from 'lethe/jobs';
import { EPOCHS, WIDTHS } from '../study/settings.js';
import type { BenchData } from '../support/data.js';
import { type BesideExact, besideExact } from './beside-exact.js';
import type { CatalogEntry } from './catalog.js';
import { type DeletedRows, type Deletion, deletedRows } from './deletions.js';
import { type CurvePoint, measureExactCurve } from './exact-curve.js';
import { type Comparison, Judge, type Judgement } from './judge.js';
import { type MethodRuns, runMethods } from './method-runs.js';
import { compareWithOwnRecipe } from './own-recipe.js';
import { M0_SEED, type Reference } from './reference.js';

export interface MethodsBench {
  readonly data: BenchData;
  readonly deletions: readonly Deletion[];
  /** The methods that are judged, `retrain` among them: it is M0's recipe. */
  readonly entries: readonly CatalogEntry[];
  readonly seeds: readonly number[];
  /** Retrains by M0's recipe: the first ones calibrate, the others are the floor. */
  readonly retrains: { readonly calibrating: number; readonly floor: number };
  /** After which relearning is given up; default 400. */
  readonly mostRelearnSteps?: number;
  readonly compute: ComputeOptions;
  readonly onStage: (stage: string) => void;
}

export interface DeletionFigures {
  readonly deletion: Deletion;
  readonly title: string;
  readonly forgetRows: number;
  readonly retainRows: number;
  /** M0' against M0: no method can be asked to come closer. */
  readonly floor: readonly Judgement[];
  readonly methods: readonly MethodFigures[];
  /** exactRetrain, where it is judged, against retrains of its own recipe, not M0's, for each seed. */
  readonly ownRecipe: readonly Comparison[];
  /** exactRetrain by its cost, ascending. */
  readonly exactCurve: readonly CurvePoint[];
}

export interface MethodFigures extends MethodRuns {
  /** Only for an approximate method that came to an end. */
  readonly besideExact?: BesideExact;
}

/** Far from every seed of the methods. */
const POOL_SEED = 50_000;

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
  const { data, retrains, compute, onStage } = bench;
  const { calibrating, floor: floorSize } = retrains;
  const rows = deletedRows(data, deletion);
  const stage = (text: string) => onStage(`${rows.title} · ${text}`);
  stage(`${calibrating + floorSize} retrains for the floor`);
  const poolSeeds = Array.from({ length: calibrating + floorSize }, (_, i) => POOL_SEED + i);
  const pool = await trainAll(bench, poolSeeds, rows.retain);
  const judge = new Judge(data, rows, compute, bench.mostRelearnSteps);
  await judge.calibrateWith(pool.slice(0, calibrating));

  stage('M0');
  const references = await retrainAll(bench, rows, originals, judge);
  stage('judging the floor');
  const { atOnce } = shareMachine(compute, floorSize);
  const floor = await sideBySide(pool.slice(calibrating), atOnce, (model, i) =>
    judge.judge(model, references[i % references.length]!.seen, i),
  );
  const entries = bench.entries.filter(({ only }) => !only || only === deletion.kind);
  const { kind } = deletion;
  const methods = await runMethods(entries, references, { judge, kind, compute, stage });
  const ownRecipe: Comparison[] = [];
  if (entries.some(({ name }) => name === 'exactRetrain')) {
    stage('exactRetrain against its own recipe');
    const options = { calibrating, compute };
    ownRecipe.push(...(await compareWithOwnRecipe({ data, rows }, references, options)));
  }
  stage('exactRetrain at other costs');
  const exactCurve = await measureExactCurve(judge, references, compute);
  return {
    ...{ deletion, title: rows.title, floor, ownRecipe, exactCurve },
    forgetRows: rows.forget.length,
    retainRows: rows.retain.length,
    methods: withExact(methods, exactCurve),
  };
}

/** M0 of each seed, one by one: its seconds are compared with. */
async function retrainAll(
  { data, seeds, compute }: MethodsBench,
  rows: DeletedRows,
  originals: readonly Model[],
  judge: Judge,
): Promise<Reference[]> {
  const references: Reference[] = [];
  for (const [i, seed] of seeds.entries()) {
    const request = { model: originals[i]!, dataset: data.train, ...rows };
    const m0 = await retrain(request, { seed: seed + M0_SEED, ...compute });
    references.push({ seed, request, m0, seen: await judge.see(m0.model) });
  }
  return references;
}

function withExact(methods: readonly MethodRuns[], curve: readonly CurvePoint[]): MethodFigures[] {
  const m0 = methods.find(({ name }) => name === 'retrain')!.runs;
  return methods.map((method) => {
    if (method.isExact || method.runs.length === 0) return method;
    return { ...method, besideExact: besideExact(method.runs, m0, curve) };
  });
}

/** A model of M0's recipe for each seed, side by side. */
async function trainAll(
  { data, compute }: MethodsBench,
  seeds: readonly number[],
  rows: RowSet,
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
    compute,
  );
  return models;
}
