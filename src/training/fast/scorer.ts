import { forwardWork, trainingWork } from '../../engine/cost.js';
import { type Dataset, labelsOf } from '../../engine/dataset.js';
import { forward } from '../../engine/forward.js';
import { Model } from '../../engine/model.js';
import { type RowSet, trustedRows } from '../../engine/row-set.js';
import { type RunOptions, withoutProgress } from '../../engine/run.js';
import { MOMENTUM, oneCycle } from '../one-cycle.js';
import { countClasses } from '../quality.js';

const UNITS = 24;
const EPOCHS = 2;
const BATCH = 64;
/**
 * Where the scorer errs on more rows, most of the hardest ones are mislabelled, or the scorer knows
 * too little to say which they are.
 */
const LARGEST_ERROR = 0.05;

/** All rows in two parts: of each class the hardest, and the rest. */
export interface HardestRows {
  readonly hardest: RowSet;
  readonly rest: RowSet;
}

export interface Scored {
  /** Undefined where the scorer errs too often to tell. */
  readonly rows: HardestRows | undefined;
  /** The scorer's accuracy on all rows, in [0, 1]. */
  readonly accuracy: number;
}

export interface ScorerRun {
  /** Classes of the network to train: those of the data set may depend on forgotten rows. */
  readonly classes: number;
  /** The share of each class that counts as the hardest, in (0, 1). */
  readonly hardestShare: number;
  readonly seed: number;
}

/** Trains a thin network (the scorer) on all features and ranks the rows of each class by its loss. */
export async function scoreRows(
  dataset: Dataset,
  { classes, hardestShare, seed }: ScorerRun,
  options: RunOptions,
): Promise<Scored> {
  const all = dataset.allRows();
  const widths = [dataset.columns, UNITS, classes];
  const scorer = Model.create(widths, { seed });
  await scorer.train(dataset, {
    ...options,
    // The steps are so short that a second thread would only add waiting.
    threads: 1,
    ...MOMENTUM,
    epochs: EPOCHS,
    batchSize: BATCH,
    learningRate: oneCycle(BATCH),
    seed,
  });
  const values = await forward(scorer, dataset, all, 'rowLosses', withoutProgress(options));
  let correct = 0;
  for (let row = 0; row < dataset.rows; row++) correct += values[2 * row + 1]!;
  const accuracy = correct / dataset.rows;
  const parts =
    accuracy >= 1 - LARGEST_ERROR
      ? hardestOfEachClass(values, labelsOf(dataset), classes, hardestShare)
      : undefined;
  return {
    rows: parts && {
      hardest: trustedRows(dataset, parts.hardest),
      rest: trustedRows(dataset, parts.rest),
    },
    accuracy,
  };
}

/** The multiply-adds of `scoreRows`. */
export function scorerWork({ rows, columns }: Dataset, classes: number): number {
  const widths = [columns, UNITS, classes];
  return rows * (EPOCHS * trainingWork(widths) + forwardWork(widths));
}

/**
 * Divides the rows, in their order: of each class this share has the larger losses, at least one
 * row; among equal losses the first rows count as harder.
 *
 * @param values [rows, 2], the loss of each row first
 */
export function hardestOfEachClass(
  values: Float32Array,
  labels: Uint32Array,
  classes: number,
  share: number,
): { hardest: Uint32Array; rest: Uint32Array } {
  const members = countClasses(labels, classes);
  const ofClass = Array.from(members, (count) => new Float32Array(count));
  const filled = new Uint32Array(classes);
  labels.forEach((label, row) => {
    ofClass[label]![filled[label]!++] = values[2 * row]!;
  });
  const quotas = members.map((count) => Math.max(Math.floor(share * count), Math.min(count, 1)));
  const thresholds = ofClass.map((losses, label) => {
    const sorted = losses.slice().sort();
    return sorted[sorted.length - quotas[label]!] ?? 0;
  });
  // As many of the rows at the threshold as the larger losses leave room for.
  const ties = ofClass.map((losses, label) =>
    losses.reduce((left, loss) => left - Number(loss > thresholds[label]!), quotas[label]!),
  );
  const hard = quotas.reduce((sum, quota) => sum + quota, 0);
  const hardest = new Uint32Array(hard);
  const rest = new Uint32Array(labels.length - hard);
  let nextHardest = 0;
  let nextRest = 0;
  labels.forEach((label, row) => {
    const loss = values[2 * row]!;
    const threshold = thresholds[label]!;
    if (loss > threshold || (loss === threshold && ties[label]!-- > 0))
      hardest[nextHardest++] = row;
    else rest[nextRest++] = row;
  });
  return { hardest, rest };
}
