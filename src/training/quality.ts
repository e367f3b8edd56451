import { type Dataset, labelsOf } from '../engine/dataset.js';
import { forward } from '../engine/forward.js';
import type { Model } from '../engine/model.js';
import type { RowSet } from '../engine/row-set.js';
import { type RunOptions, withoutProgress } from '../engine/run.js';

/** How well a model predicts a sample of rows. In percent. */
export interface Quality {
  /** The size of the sample. */
  readonly rows: number;
  readonly accuracy: number;
  /** The mean, over the classes in the sample, of the share of each that is predicted right. */
  readonly macroRecall: number;
  /** What a model would reach that always answers the most frequent class of the sample. */
  readonly mostFrequentClass: number;
}

/** For each row 1 if the model predicts its label, else 0. */
export async function hitsOf(
  model: Model,
  dataset: Dataset,
  rows: RowSet,
  options: RunOptions,
): Promise<Uint8Array> {
  const values = await forward(model, dataset, rows, 'rowLosses', withoutProgress(options));
  return Uint8Array.from({ length: rows.length }, (_, i) => values[2 * i + 1]!);
}

export function countHits(hits: Uint8Array): number {
  return hits.reduce((sum, hit) => sum + hit, 0);
}

/** The number of rows of each class, [classes]. */
export function countClasses(labels: Uint32Array, classes: number): Uint32Array {
  const members = new Uint32Array(classes);
  for (const label of labels) members[label]!++;
  return members;
}

/** @param hits for each row 1 if it was predicted right; @param labels of the same rows */
export function qualityOf(hits: Uint8Array, labels: Uint32Array, classes: number): Quality {
  const members = countClasses(labels, classes);
  const right = new Uint32Array(classes);
  labels.forEach((label, i) => {
    right[label]! += hits[i]!;
  });
  const present = [...members.keys()].filter((label) => members[label]! > 0);
  const recall = present.reduce((total, label) => total + right[label]! / members[label]!, 0);
  const largest = members.reduce((most, count) => Math.max(most, count));
  return {
    rows: labels.length,
    accuracy: (100 * countHits(hits)) / labels.length,
    macroRecall: (100 * recall) / present.length,
    mostFrequentClass: (100 * largest) / labels.length,
  };
}

export async function measureQuality(
  model: Model,
  dataset: Dataset,
  rows: RowSet,
  options: RunOptions,
): Promise<Quality> {
  const hits = await hitsOf(model, dataset, rows, options);
  return qualityOf(hits, rows.gather(labelsOf(dataset)), model.classes);
}
