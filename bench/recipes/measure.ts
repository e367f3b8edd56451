import {
  type ComputeOptions,
  exactRetrain,
  LetheError,
  Model,
  type RowSet,
  Sisa,
  type TrainedModel,
  type TrainOptions,
  trainModel,
} from 'lethe';
import type { BenchSet, Kind, MadeSet } from '../data/bench-set.js';
import { pause, seconds } from '../support/timing.js';
import type { RecipeEntry } from './entries.js';
import type { MlpPeer, PeerRun } from './mlp-peer.js';
import { mostFrequentQuality, type Quality, qualityOf } from './quality.js';

/** A model that was trained, and what that took. */
export interface Run extends Quality {
  readonly seed: number;
  readonly seconds: number;
  readonly multiplyAdds: number;
  /** Its accuracies are then those of the most frequent class. */
  readonly diverged: boolean;
}

export interface RecipeRun extends Run {
  /** The recipe that was run in the end, with its epochs where it says them. */
  readonly choice: string;
  readonly reasons: readonly string[];
}

export interface RecipeRuns extends Pick<RecipeEntry, 'name' | 'role'> {
  /** One for each seed. */
  readonly runs: readonly RecipeRun[];
  /** Of a chooser: the choice of the first seed when half of the rows are gone. */
  readonly choiceOfHalf?: string;
}

export interface SetFigures {
  readonly name: string;
  readonly kind: Kind;
  readonly isLikeMnist: boolean;
  readonly widths: readonly number[];
  /** That models are trained on: without the deleted ones. */
  readonly rows: number;
  readonly deletedRows: number;
  readonly testRows: number;
  readonly mostFrequent: Quality;
  /** M0 and M0' of each seed, one after the other; of small data 200 epochs in their place. */
  readonly references: readonly Run[];
  readonly recipes: readonly RecipeRuns[];
  /** scikit-learn with the first seed, where it was asked for. */
  readonly peer?: PeerRun;
  /** Of small data: three shards, with the defaults of Sisa; accuracy on the test rows by seed. */
  readonly shards: readonly number[];
}

/** Added to a seed: M0, M0' and the recipes begin with other parameters. */
const REFERENCE_SEEDS = [10_000, 20_000] as const;
/** The defaults of Model.train, which nothing tunes to the data. */
const M0 = { epochs: 5 };
/** M0 takes a handful of steps on small data: this is what has converged there. */
const CONVERGED = { epochs: 200, batchSize: 16, learningRate: 0.05 };
const SHARDS = 3;
const OWNERS = 15;

export interface MeasureOptions {
  readonly recipes: readonly RecipeEntry[];
  readonly seeds: readonly number[];
  readonly compute: ComputeOptions;
  readonly peer?: MlpPeer | undefined;
  readonly onStage: (stage: string) => void;
}

/** Trains M0, every recipe and M0' in turns, seed by seed. */
export async function measureSet(
  { name, kind, hidden, isLikeMnist = false }: BenchSet,
  made: MadeSet,
  { recipes, seeds, compute, peer, onStage }: MeasureOptions,
): Promise<SetFigures> {
  const { train, test, deleted } = made;
  const gone = new Set(deleted);
  const retain = train.allRows().filter((row) => !gone.has(row));
  const widths = [train.columns, ...hidden, train.classes];
  const job: Job = { widths, made, retain, compute };
  const references: Run[] = [];
  const runs = recipes.map((): RecipeRun[] => []);
  const shards: number[] = [];
  const training = kind === 'small' ? CONVERGED : M0;
  for (const seed of seeds) {
    const stage = (what: string) => onStage(`${name} · seed ${seed} · ${what}`);
    stage('M0');
    references.push(await runReference(job, seed, REFERENCE_SEEDS[0], training));
    for (const [i, recipe] of recipes.entries()) {
      stage(recipe.name);
      runs[i]!.push(await runRecipe(job, recipe, seed));
    }
    stage("M0'");
    references.push(await runReference(job, seed, REFERENCE_SEEDS[1], training));
    if (kind === 'small') shards.push(await testOfShards(job, seed));
  }
  const measured: RecipeRuns[] = [];
  for (const [i, recipe] of recipes.entries()) {
    const { name: own, role } = recipe;
    measured.push({
      ...{ name: own, ...(role && { role }), runs: runs[i]! },
      ...(role === 'chooser' && { choiceOfHalf: await chooseByHalf(job, recipe, seeds[0]!) }),
    });
  }
  if (peer) onStage(`${name} · ${peer.version}`);
  const peerRun = await peer?.run(made, retain, { kind, hidden, seed: seeds[0]! });
  return {
    ...{ name, kind, isLikeMnist, widths },
    ...{ rows: retain.length, deletedRows: deleted.length, testRows: test.rows },
    mostFrequent: mostFrequentQuality(made, retain),
    ...{ references, recipes: measured, ...(peerRun && { peer: peerRun }), shards },
  };
}

/** What every model of a data set shares. */
interface Job {
  readonly widths: readonly number[];
  readonly made: MadeSet;
  readonly retain: RowSet;
  readonly compute: ComputeOptions;
}

async function runReference(
  { widths, made, retain, compute }: Job,
  seed: number,
  more: number,
  options: TrainOptions & { readonly epochs: number },
): Promise<Run> {
  const own = seed + more;
  const model = Model.create(widths, { seed: own });
  await pause();
  const trained = await timedUnlessDiverged(() =>
    model.train(made.train, { ...options, rows: retain, seed: own, ...compute }),
  );
  const multiplyAdds = options.epochs * retain.length * workOfRow(widths);
  const common = { seed: own, seconds: trained.seconds, multiplyAdds };
  if (!trained.value) return { ...common, diverged: true, ...mostFrequentQuality(made, retain) };
  return { ...common, diverged: false, ...(await qualityOf(model, made, retain, compute)) };
}

async function runRecipe(job: Job, recipe: RecipeEntry, seed: number): Promise<RecipeRun> {
  const { made, retain, compute } = job;
  await pause();
  const { value, seconds: taken } = await timedUnlessDiverged(() =>
    trainBy(job, recipe, seed, retain),
  );
  const common = { seed, seconds: taken };
  if (!value) {
    return {
      ...common,
      ...{ multiplyAdds: Number.NaN, diverged: true, choice: 'diverged', reasons: [] },
      ...mostFrequentQuality(made, retain),
    };
  }
  const { model, multiplyAdds, reasons } = value;
  return {
    ...{ ...common, multiplyAdds, diverged: false, choice: choiceOf(value), reasons },
    ...(await qualityOf(model, made, retain, compute)),
  };
}

async function chooseByHalf(job: Job, recipe: RecipeEntry, seed: number): Promise<string> {
  const { retain } = job;
  const half = retain.slice(0, Math.ceil(retain.length / 2));
  const { value } = await timedUnlessDiverged(() => trainBy(job, recipe, seed, half));
  return value ? choiceOf(value) : 'diverged';
}

function trainBy(
  { widths, made, compute }: Job,
  { options, isUnrecorded }: RecipeEntry,
  seed: number,
  rows: RowSet,
): Promise<TrainedModel> {
  if (isUnrecorded) {
    const model = Model.create(widths, { seed });
    const request = { model, dataset: made.train, forget: made.deleted, retain: rows };
    return exactRetrain(request, { seed, ...compute });
  }
  return trainModel(widths, made.train, { ...options, rows, seed, ...compute });
}

/** The recipe that a model was trained by, with its length if that is not the usual one. */
function choiceOf({ recipe }: TrainedModel): string {
  return [recipe.name, ...(recipe.epochs ? [recipe.epochs] : [])].join(' ');
}

async function testOfShards({ widths, made, retain, compute }: Job, seed: number): Promise<number> {
  const { train, test } = made;
  const owners = Uint32Array.from({ length: train.rows }, (_, row) => row % OWNERS);
  const options = { owners, rows: retain, shards: SHARDS, seed, ...compute };
  const { ensemble } = await Sisa.train(widths, train, options);
  return (await ensemble.evaluate(test, test.allRows(), compute)).accuracy;
}

/** Multiply-adds of a row of a training step: three for each weight, two for those of the first layer. */
export function workOfRow(widths: readonly number[]): number {
  const weights = widths.slice(1).reduce((sum, units, layer) => sum + units * widths[layer]!, 0);
  return 3 * weights - widths[0]! * widths[1]!;
}

async function timedUnlessDiverged<Value>(
  run: () => Promise<Value>,
): Promise<{ readonly value?: Value; readonly seconds: number }> {
  let value: Value | undefined;
  const taken = await seconds(async () => {
    try {
      value = await run();
    } catch (error) {
      if (!(error instanceof LetheError && error.code === 'ERR_DIVERGED')) throw error;
    }
  });
  return { ...(value !== undefined && { value }), seconds: taken };
}
