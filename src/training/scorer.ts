import type { Dataset } from '../engine/dataset.js';
import { argmax, rowLoss } from '../engine/evaluation.js';
import { Model } from '../engine/model.js';
import { withoutProgress } from '../engine/phases.js';
import type { RunOptions } from '../engine/run.js';
import { forwardWork, trainingWork } from './multiply-adds.js';
import { MOMENTUM, oneCycle } from './one-cycle.js';

const UNITS = 24;
const COMPONENTS = 32;
const EPOCHS = 2;
const BATCH = 64;
/** So much of the scorer's error may be its own: what is above it counts as wrong labels. */
const OWN_ERROR = 0.05;

/** Rows in two parts: the hardest ones to learn, and the rest; those given up are in neither. */
export interface ScoredRows {
  readonly hardest: Uint32Array;
  readonly rest: Uint32Array;
  readonly skipped: number;
  /** Of the scorer on all rows, in [0, 1]. */
  readonly accuracy: number;
  readonly multiplyAdds: number;
}

/**
 * Trains a thin network on the first components and sorts all rows by its loss. Where it errs more
 * than a thin network should, the worst rows are given up: their labels are likely wrong, and
 * learning from them first would ruin the model.
 *
 * @param hardestShare how many of the rows count as the hardest, in (0, 1)
 */
export async function scoreRows(
  dataset: Dataset,
  hardestShare: number,
  seed: number,
  options: RunOptions,
): Promise<ScoredRows> {
  const all = dataset.allRows();
  const components = Math.min(COMPONENTS, dataset.columns);
  const columns = Array.from({ length: components }, (_, column) => column);
  const seen = components < dataset.columns ? dataset.select(all, { columns }) : dataset;
  const widths = [components, UNITS, dataset.classes];
  const scorer = Model.create(widths, { seed });
  await scorer.train(seen, {
    ...options,
    ...MOMENTUM,
    epochs: EPOCHS,
    batchSize: BATCH,
    learningRate: oneCycle(BATCH),
    seed,
  });
  const logits = await scorer.logits(seen, all, withoutProgress(options));
  const { losses, accuracy } = lossesOf(logits, dataset);
  const skipped = Math.floor(Math.max(0, 1 - accuracy - OWN_ERROR) * dataset.rows);
  const hard = Math.max(1, Math.floor(hardestShare * dataset.rows));
  return {
    ...cut(losses, skipped, hard),
    skipped,
    accuracy,
    multiplyAdds: dataset.rows * (EPOCHS * trainingWork(widths) + forwardWork(widths)),
  };
}

/** The cross-entropy of each row, and the share of rows that are classified correctly. */
function lossesOf(logits: Float32Array, { rows, labels, classes }: Dataset) {
  let correct = 0;
  const losses = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const offset = row * classes;
    const best = argmax(logits, offset, classes);
    if (best === labels[row]) correct++;
    losses[row] = rowLoss(logits, offset, classes, best, labels[row]!);
  }
  return { losses, accuracy: correct / rows };
}

/** The rows of the largest loss, and the rest, without the very worst `skipped`. */
function cut(losses: Float64Array, skipped: number, hard: number) {
  const ascending = losses.slice().sort();
  const givenUp = worst(losses, ascending, skipped);
  const chosen = worst(losses, ascending, Math.min(skipped + hard, losses.length));
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

/** Marks the `count` largest, of equal ones the first. */
function worst(losses: Float64Array, ascending: Float64Array, count: number): Uint8Array {
  const marked = new Uint8Array(losses.length);
  if (count === 0) return marked;
  const threshold = ascending[losses.length - count]!;
  let ties = count;
  for (const loss of losses) if (loss > threshold) ties--;
  for (let row = 0; row < losses.length; row++) {
    const loss = losses[row]!;
    if (loss > threshold || (loss === threshold && ties-- > 0)) marked[row] = 1;
  }
  return marked;
}
