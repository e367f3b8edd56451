import { requireInteger } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import type { Dataset } from '../../engine/dataset.js';
import type { RowSet } from '../../engine/row-set.js';
import { bothSets, SGD_OPTIONS, type SgdOptions, sgdMethod } from '../steps/sgd.js';

export interface RandomLabelOptions extends SgdOptions {
  /** Retain rows that each epoch visits; default: as many as there are forget rows. */
  readonly retainPerEpoch?: number;
}

/**
 * Trains the forget rows towards another class each, drawn at random, among retain rows with their
 * own labels. By default one epoch, at most 90 steps, rate 0.01, momentum 0.9.
 *
 * Approximate, without any guarantee: a model that never saw the rows would still classify most of
 * them by what it knows; this one is taught not to. Source: Golatkar, Achille, Soatto, "Eternal
 * sunshine of the spotless net", CVPR 2020, section 6 (random labels).
 */
export const randomLabel = sgdMethod<RandomLabelOptions>({
  phase: 'train',
  names: { ...SGD_OPTIONS, retainPerEpoch: true },
  defaults: { maxSteps: 90, learningRate: 0.01, momentum: 0.9 },
  rows: (split, { retainPerEpoch }) => bothSets(split, retainPerEpoch),
  objective: ({ dataset, model }, { forget }, { seed = 0 }) => ({
    target: 'explicit',
    distributions: labelsWithOthers(dataset, forget, model.classes, seed),
  }),
});

/** One-hot labels, [dataset rows, classes]; those of the forget rows are other ones, at random. */
export function labelsWithOthers(
  { rows, labels, name }: Dataset,
  forget: RowSet,
  classes: number,
  seed: number,
): Float32Array {
  if (classes < 2) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${name} has one class: there is no other label`);
  }
  requireInteger('seed', seed, 0);
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
