import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import type { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import type { PhasedOptions } from '../../engine/phases.js';
import type { RowSet } from '../../engine/row-set.js';
import { PLAIN_EPOCHS, trainPlainly } from '../../training/plain.js';
import {
  type TrainedModel,
  type TrainModelOptions,
  trainModel,
} from '../../training/train-model.js';
import { type OwnedRows, selectRows } from './shards.js';

/** How every shard is trained: what trainModel takes, but for what differs between shards. */
export type ShardRecipe = Omit<TrainModelOptions, 'rows' | 'seed' | keyof PhasedOptions>;

/** A model after some of its shard's slices, and what the last one of these took. */
export type Checkpoint = Omit<TrainedModel, 'seconds'>;

/** Rows that a model of their own has learnt. Clone a model before training it further. */
export interface Shard {
  /** The rows by slices; one slice where training cannot be resumed. */
  readonly slices: readonly OwnedRows[];
  /** One for each slice; the first one gives the fresh parameters too. */
  readonly seeds: readonly number[];
  /** After each slice; the last one is the shard's model. None where no row is left. */
  readonly checkpoints: readonly Checkpoint[];
}

/** Independent seeds for every slice of every shard. */
export function shardSeeds(seed: number, shards: number, slices: number): number[][] {
  const stream = new PhiloxStream(seed, PhiloxPurpose.shardSeeds);
  const next = () => Math.floor(stream.uniform() * 2 ** 53);
  return Array.from({ length: shards }, () => Array.from({ length: slices }, next));
}

export function rowsOfShard({ slices }: Pick<Shard, 'slices'>): number {
  return slices.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** The shard without some rows and the checkpoints that knew them; itself where it has none of them. */
export function withoutRows(shard: Shard, isForgotten: Uint8Array): Shard {
  const touched = shard.slices.findIndex(({ rows }) => rows.some((row) => isForgotten[row]));
  if (touched < 0) return shard;
  const slices = shard.slices.map((slice) => selectRows(slice, (row) => !isForgotten[row]));
  const left = rowsOfShard({ slices });
  return { ...shard, slices, checkpoints: left > 0 ? shard.checkpoints.slice(0, touched) : [] };
}

interface SliceRun extends Pick<Shard, 'slices' | 'seeds'> {
  readonly slice: number;
  /** Of this slice and all before it. */
  readonly rows: RowSet;
}

/** How a shard is trained, beside the rows and seeds of its own. */
export interface ShardTraining {
  readonly widths: readonly number[];
  readonly dataset: Dataset;
  readonly recipe: ShardRecipe;
  readonly options: PhasedOptions;
}

/**
 * Trains a shard on from its checkpoints: those that are there stay, the others are made. The result
 * is that of training on all slices from the beginning, bit for bit.
 *
 * @returns the shard, and the seconds by phase
 */
export async function trainShard(
  shard: Shard,
  training: ShardTraining,
): Promise<{ shard: Shard; seconds: Record<string, number> }> {
  const { slices, seeds } = shard;
  const checkpoints = [...shard.checkpoints];
  const total: Record<string, number> = {};
  if (rowsOfShard(shard) === 0) return { shard, seconds: total };
  let rows = training.dataset.rowSet([]);
  for (const [slice, own] of slices.entries()) {
    rows = rows.followedBy(training.dataset.rowSet(own.rows));
    if (slice < shard.checkpoints.length) continue;
    const { seconds, ...checkpoint } =
      training.recipe.recipe === 'plain'
        ? await trainSlice({ ...shard, rows, slice }, checkpoints.at(-1), training)
        : await trainAtOnce(rows, seeds[slice]!, training);
    addSeconds(total, seconds);
    checkpoints.push(checkpoint);
  }
  return { shard: { slices, seeds, checkpoints }, seconds: total };
}

function trainAtOnce(rows: RowSet, seed: number, training: ShardTraining) {
  const { widths, dataset, recipe, options } = training;
  return trainModel(widths, dataset, { ...recipe, ...options, rows, seed });
}

/**
 * Goes on from the slice before, on all rows up to this one. With R slices each takes 2 e / (R + 1)
 * epochs, so that all together visit about as many rows as e epochs without slices: Bourtoule et
 * al., section IV-B.
 */
async function trainSlice(
  { slices, seeds, slice, rows }: SliceRun,
  before: Checkpoint | undefined,
  { widths, dataset, options }: ShardTraining,
): Promise<TrainedModel> {
  const watch = new Stopwatch();
  const model = before ? before.model.clone() : Model.create(widths, { seed: seeds[0]! });
  const reasons = [
    `slice ${slice + 1} of ${slices.length}: the plain recipe on ${rows.length} rows`,
  ];
  // The rows of the first slices may all be forgotten.
  if (rows.length === 0) return { model, steps: 0, multiplyAdds: 0, seconds: {}, reasons };
  const epochs = (2 * PLAIN_EPOCHS) / (slices.length + 1);
  const work = await trainPlainly(model, dataset, { rows, seed: seeds[slice]!, epochs }, options);
  watch.lap('retrain');
  return { model, ...work, seconds: watch.seconds, reasons };
}

/** Adds the seconds of each phase to those of all. */
export function addSeconds(total: Record<string, number>, more: TrainedModel['seconds']): void {
  for (const [phase, seconds] of Object.entries(more)) {
    total[phase] = (total[phase] ?? 0) + seconds;
  }
}
