import { indicesBelow } from '../base/indices.js';
import { forwardWork, trainingWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import { forward } from '../engine/forward.js';
import { Model } from '../engine/model.js';
import { type RowSet, trustedRows } from '../engine/row-set.js';
import { type RunOptions, withoutProgress } from '../engine/run.js';
import { MOMENTUM, oneCycle } from './one-cycle.js';

const UNITS = 24;
const COMPONENTS = 32;
const EPOCHS = 2;
const BATCH = 64;
/** The error expected of the scorer itself; any error above it is attributed to wrong labels. */
const OWN_ERROR = 0.05;

/** The rows in two parts: the hardest, and the rest. Skipped rows are in neither. */
export interface ScoredRows {
  readonly hardest: RowSet;
  readonly rest: RowSet;
  readonly skipped: number;
  /** The scorer's accuracy on all rows, in [0, 1]. */
  readonly accuracy: number;
  readonly multiplyAdds: number;
}

/**
 * Trains a thin network (the scorer) on the first components and ranks all rows by its loss. If it
 * errs on more rows than expected, the rows with the largest losses are skipped: their labels are
 * likely wrong, and training on them first would ruin the model.
 *
 * @param hardestShare the share of the rows that count as the hardest, in (0, 1)
 */
export async function scoreRows(
  dataset: Dataset,
  hardestShare: number,
  seed: number,
  options: RunOptions,
): Promise<ScoredRows> {
  const all = dataset.allRows();
  const components = Math.min(COMPONENTS, dataset.columns);
  const seen =
    components < dataset.columns
      ? dataset.select(all, { columns: indicesBelow(components) })
      : dataset;
  const widths = [components, UNITS, dataset.classes];
  const scorer = Model.create(widths, { seed });
  await scorer.train(seen, {
    ...options,
    // The steps are so short that a second thread would only add waiting.
    threads: 1,
    ...MOMENTUM,
    epochs: EPOCHS,
    batchSize: BATCH,
    learningRate: oneCycle(BATCH),
    seed,
  });
  const { losses, accuracy } = await lossesOf(scorer, seen, withoutProgress(options));
  const skipped = Math.floor(Math.max(0, 1 - accuracy - OWN_ERROR) * dataset.rows);
  const hard = Math.max(1, Math.floor(hardestShare * dataset.rows));
  const { hardest, rest } = cut(losses, skipped, hard);
  return {
    hardest: trustedRows(dataset, hardest),
    rest: trustedRows(dataset, rest),
    skipped,
    accuracy,
    multiplyAdds: dataset.rows * (EPOCHS * trainingWork(widths) + forwardWork(widths)),
  };
}

/** The cross-entropy of each row, and the share of rows that are classified correctly. */
async function lossesOf(scorer: Model, dataset: Dataset, options: RunOptions) {
  const values = await forward(scorer, dataset, dataset.allRows(), 'rowLosses', options);
  let correct = 0;
  const losses = new Float32Array(dataset.rows);
  for (let row = 0; row < dataset.rows; row++) {
    losses[row] = values[2 * row]!;
    correct += values[2 * row + 1]!;
  }
  return { losses, accuracy: correct / dataset.rows };
}

/** The rows with the largest losses, and the rest, without the `skipped` largest of all. */
function cut(losses: Float32Array, skipped: number, hard: number) {
  const givenUp = worst(losses, skipped);
  const chosen = worst(losses, Math.min(skipped + hard, losses.length));
  const hardest = new Uint32Array(losses.length);
  const rest = new Uint32Array(losses.length);
  const counts = { hardest: 0, rest: 0 };
  for (let row = 0; row < losses.length; row++) {
    if (givenUp[row]) continue;
    if (chosen[row]) hardest[counts.hardest++] = row;
    else rest[counts.rest++] = row;
  }
  return { hardest: hardest.subarray(0, counts.hardest), rest: rest.subarray(0, counts.rest) };
}

/** Marks the `count` largest losses; among equal ones the first. */
function worst(losses: Float32Array, count: number): Uint8Array {
  const marked = new Uint8Array(losses.length);
  if (count === 0) return marked;
  const threshold = largestBut(losses, count - 1);
  let ties = count;
  for (let row = 0; row < losses.length; row++) if (losses[row]! > threshold) ties--;
  for (let row = 0; row < losses.length; row++) {
    const loss = losses[row]!;
    if (loss > threshold || (loss === threshold && ties-- > 0)) marked[row] = 1;
  }
  return marked;
}

/**
 * The loss of rank `larger` + 1, counted from the largest. Selects the bucket of its leading bits
 * first, which order like the losses because none is negative: sorting all losses would dominate
 * the time.
 */
function largestBut(losses: Float32Array, larger: number): number {
  const bits = new Uint32Array(losses.buffer, losses.byteOffset, losses.length);
  const sizes = new Uint32Array(2 ** 16);
  for (let row = 0; row < bits.length; row++) sizes[bits[row]! >>> 16]!++;
  let bucket = sizes.length - 1;
  let left = larger;
  while (left >= sizes[bucket]!) left -= sizes[bucket--]!;
  const members = losses.filter((_, row) => bits[row]! >>> 16 === bucket).sort();
  return members[members.length - 1 - left]!;
}
