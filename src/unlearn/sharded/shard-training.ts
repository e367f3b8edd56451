import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import type { Dataset } from '../../engine/dataset.js';
import type { InputMap } from '../../engine/encoding/input-map.js';
import { inputRows } from '../../engine/encoding/input-rows.js';
import { described, Model } from '../../engine/model.js';
import { factsOfSchema } from '../../engine/model-facts.js';
import type { PhasedOptions } from '../../engine/phases.js';
import type { RowSet } from '../../engine/row-set.js';
import type { RecordedRecipe } from '../../engine/training-recipe.js';
import { encodedRun } from '../../training/encoded-run.js';
import { continuePlainly, PLAIN_EPOCHS } from '../../training/plain.js';
import { trainBy } from '../../training/recipes.js';
import { trainingRun } from '../../training/train-model.js';
import type { TrainingWork } from '../../training/training-run.js';
import { type OwnedRows, selectRows } from './shards.js';

/** The model after some slices of a shard, and the cost of the last of these slices. */
export interface Checkpoint extends TrainingWork {
  readonly model: Model;
}

/** Seconds by phase. */
type Seconds = Readonly<Record<string, number>>;

/** A part of the rows with its own model. Clone a model before training it further. */
export interface Shard {
  /** The rows by slices; a single slice if training cannot be resumed. */
  readonly slices: readonly OwnedRows[];
  /** One for each slice; the first one also gives the initial parameters. */
  readonly seeds: readonly number[];
  /** One after each slice; the last one is the shard's model. Empty if no row is left. */
  readonly checkpoints: readonly Checkpoint[];
}

/** Independent seeds, [shards][slices]. */
export function shardSeeds(seed: number, shards: number, slices: number): number[][] {
  const stream = new PhiloxStream(seed, PhiloxPurpose.shardSeeds);
  const next = () => Math.floor(stream.uniform() * 2 ** 53);
  return Array.from({ length: shards }, () => Array.from({ length: slices }, next));
}

export function rowsOfShard({ slices }: Pick<Shard, 'slices'>): number {
  return slices.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** The shard without forgotten rows and the checkpoints trained on them; itself if it has none. */
export function withoutRows(shard: Shard, isForgotten: (row: number) => boolean): Shard {
  const touched = shard.slices.findIndex(({ rows }) => rows.some(isForgotten));
  if (touched < 0) return shard;
  const slices = shard.slices.map((slice) => selectRows(slice, (row) => !isForgotten(row)));
  const left = rowsOfShard({ slices });
  return { ...shard, slices, checkpoints: left > 0 ? shard.checkpoints.slice(0, touched) : [] };
}

interface SliceRun extends Pick<Shard, 'slices' | 'seeds'> {
  readonly slice: number;
  /** The rows of this slice and all before it. */
  readonly rows: RowSet;
}

/** The part of a shard's training that all shards share. */
interface ShardTraining {
  readonly widths: readonly number[];
  readonly dataset: Dataset;
  readonly recipe: RecordedRecipe;
  readonly options: PhasedOptions;
}

/**
 * Continues a shard's training from its last checkpoint and adds the missing ones. The result is,
 * bit for bit, that of training on all slices from the beginning.
 *
 * @returns the trained shard, and the seconds by phase
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
    const { seconds, inputMap, ...checkpoint } =
      training.recipe.name === 'plain'
        ? await trainSlice({ ...shard, rows, slice }, checkpoints.at(-1), training)
        : await trainAtOnce(rows, seeds[slice]!, training);
    addSeconds(total, seconds);
    // Without a row no encoding has been fitted, so that the inputs are those of no columns yet.
    const facts = rows.length > 0 ? factsOfSchema(training.dataset, training.widths, inputMap) : {};
    checkpoints.push({ ...checkpoint, model: described(checkpoint.model, facts) });
  }
  return { shard: { slices, seeds, checkpoints }, seconds: total };
}

async function trainAtOnce(rows: RowSet, seed: number, training: ShardTraining) {
  const { widths, dataset, recipe, options } = training;
  const run = await encodedRun(trainingRun(widths, dataset, { rows, seed }), options.threads);
  const trained = await trainBy(recipe, run, options);
  return { ...trained, inputMap: run.dataset.inputMap, seconds: run.watch.seconds };
}

/**
 * Continues from the previous slice's checkpoint, on the rows of all slices up to this one. With R
 * slices, each takes 2 e / (R + 1) epochs, so that together they visit about as many rows as e
 * epochs without slices. Source: Bourtoule et al., section IV-B.
 */
async function trainSlice(
  { slices, seeds, slice, rows }: SliceRun,
  before: Checkpoint | undefined,
  { widths, dataset, options }: ShardTraining,
): Promise<Checkpoint & { readonly seconds: Seconds; readonly inputMap: InputMap | undefined }> {
  const watch = new Stopwatch();
  const model = before ? before.model.clone() : Model.create(widths, { seed: seeds[0]! });
  const reasons = [
    `slice ${slice + 1} of ${slices.length}: the plain recipe on ${rows.length} rows`,
  ];
  // All rows of the first slices may have been forgotten.
  if (rows.length === 0) {
    return { model, steps: 0, multiplyAdds: 0, seconds: {}, reasons, inputMap: undefined };
  }
  const epochs = (2 * PLAIN_EPOCHS) / (slices.length + 1);
  // The encoding is fitted on the first rows: another one would change what has been learnt of them.
  const inputs = model.inputMap
    ? await inputRows(model, dataset, options.threads)
    : (await encodedRun({ dataset, rows, watch }, options.threads)).dataset;
  const work = await continuePlainly(model, inputs, { rows, seed: seeds[slice]!, epochs }, options);
  watch.lap('train');
  return { model, ...work, seconds: watch.seconds, reasons, inputMap: inputs.inputMap };
}

/** Adds the seconds of each phase to a total. */
export function addSeconds(total: Record<string, number>, more: Seconds): void {
  for (const [phase, seconds] of Object.entries(more)) {
    total[phase] = (total[phase] ?? 0) + seconds;
  }
}
