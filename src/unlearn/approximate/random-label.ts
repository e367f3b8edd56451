import { requireInteger } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { type Dataset, labelsOf } from '../../engine/dataset.js';
import type { RowSet } from '../../engine/row-set.js';
import { bothSets, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

export interface RandomLabelOptions extends SgdOptions {
  /** Retain rows that each epoch visits; default: as many as there are forget rows, or all. */
  readonly retainPerEpoch?: number;
}

/**
 * Trains on the forget rows with random wrong labels, mixed with retain rows with their own labels.
 * By default one epoch of at most 90 steps, learning rate 0.01, momentum 0.9.
 *
 * Approximate, without any guarantee: a model that never saw the forget rows can still classify
 * most of them; this one is trained not to. Source: Golatkar, Achille, Soatto, "Eternal sunshine of
 * the spotless net", CVPR 2020, section 6 (random labels).
 */
export const randomLabel = sgdMethod<RandomLabelOptions>({
  phase: 'train',
  names: { ...SGD_OPTIONS, retainPerEpoch: true },
  defaults: { maxSteps: 90, learningRate: 0.01, momentum: 0.9 },
  rows: (split, { retainPerEpoch }) => bothSets(split, retainPerEpoch),
  objective: ({ dataset, model, forget }, { seed = 0 }) => ({
    target: 'explicit',
    distributions: labelsWithOthers(dataset, forget, model.classes, seed),
  }),
});

/** One-hot labels, [dataset rows, classes]; forget rows get a random class other than their own. */
export function labelsWithOthers(
  dataset: Dataset,
  forget: RowSet,
  classes: number,
  seed: number,
): Float32Array {
  const { rows, name } = dataset;
  if (classes < 2) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the model for ${name} has one class: random labels need at least two`,
    );
  }
  requireInteger('seed', seed, 0);
  const labels = labelsOf(dataset);
  const targets = labels.slice();
  const stream = new PhiloxStream(seed, PhiloxPurpose.randomLabels);
  for (const row of forget) {
    const other = stream.below(classes - 1);
    targets[row] = other < labels[row]! ? other : other + 1;
  }
  const distributions = new Float32Array(rows * classes);
  targets.forEach((label, row) => {
    distributions[row * classes + label] = 1;
  });
  return distributions;
}
