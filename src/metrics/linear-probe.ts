import {
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { Activations } from '../engine/activations.js';
import { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import { type RunOptions, SILENT_RUN_OPTIONS } from '../engine/run.js';
import { defined, type Metric, undefinedBecause } from './metric.js';
import { predictedClasses } from './predictions.js';

/** Activations, and labels [rows] that are 1 for rows of the probed class and 0 for others. */
export interface LabelledActivations extends Activations {
  readonly labels: Uint32Array;
}

const WEIGHT_DECAY = 0.01;
/** Enough steps to converge in the direction of lowest curvature, which the weight decay bounds. */
const STEPS = 1000;
const MOMENTUM = 0.9;

/**
 * The balanced accuracy, in percent, of a linear classifier on a layer's activations: 50 if they
 * hold no linear information on the class. It is logistic regression, trained to the optimum of the
 * mean cross-entropy plus 0.005 times the squared parameters, on features standardized by the
 * training rows.
 *
 * Source: Alain and Bengio, "Understanding intermediate layers using linear classifier probes",
 * 2016.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_ABORTED
 */
export async function linearProbe(
  train: LabelledActivations,
  test: LabelledActivations,
  options: Omit<RunOptions, 'onProgress'> = {},
): Promise<Metric> {
  check(train);
  check(test);
  const run = requireKnownFields('options', options, SILENT_RUN_OPTIONS);
  if (train.units !== test.units) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the layers differ: ${train.units} units to train on, ${test.units} to test on`,
    );
  }
  for (const [set, name] of [
    [train, 'trained'],
    [test, 'tested'],
  ] as const) {
    const found = set.labels.filter((label) => label === 1).length;
    if (found === 0 || found === set.labels.length) {
      return undefinedBecause(`the rows to be ${name} on are not of both classes`);
    }
  }
  const standardize = standardizer(train);
  const rows = standardize(train);
  const model = Model.fromParameters([train.units, 2], new Float32Array(2 * (train.units + 1)));
  await model.train(rows, {
    ...run,
    epochs: STEPS,
    batchSize: rows.rows,
    // The curvature is at most half the largest variance, which is at most the sum over all units.
    learningRate: 1 / (0.5 * train.units + 1),
    momentum: MOMENTUM,
    nesterov: true,
    weightDecay: WEIGHT_DECAY,
  });
  const tested = standardize(test);
  const logits = await model.logits(tested, tested.allRows(), run);
  return defined(balancedAccuracy(predictedClasses({ logits, classes: 2 }), test.labels));
}

function check(activations: LabelledActivations): void {
  const { values, units, labels } = requireObject('activations', activations);
  requireInteger('units', units, 1);
  requireInstance('values', values, Float32Array);
  requireInstance('labels', labels, Uint32Array);
  if (values.length !== units * labels.length || labels.some((label) => label > 1)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'labels must be 0 or 1, one for each row of activations',
    );
  }
}

/** Returns a function that standardizes each unit by the mean and deviation of these rows. */
function standardizer({ values, units, labels: { length: rows } }: LabelledActivations) {
  const means = new Float64Array(units);
  const squares = new Float64Array(units);
  values.forEach((value, i) => {
    means[i % units]! += value / rows;
  });
  values.forEach((value, i) => {
    squares[i % units]! += (value - means[i % units]!) ** 2 / rows;
  });
  // A unit that is constant on the training rows carries no information: it becomes 0 everywhere.
  const scales = squares.map((variance) => (variance > 0 ? 1 / Math.sqrt(variance) : 0));
  return (set: LabelledActivations) =>
    new Dataset({
      name: 'activations',
      features: set.values.map((v, i) => (v - means[i % units]!) * scales[i % units]!),
      labels: set.labels,
      rows: set.labels.length,
      columns: units,
      classes: 2,
    });
}

/** The mean recall of both classes, in percent. */
function balancedAccuracy(predicted: Uint32Array, labels: Uint32Array): number {
  const recall = (kind: number) => {
    const own = labels.reduce((count, label) => count + Number(label === kind), 0);
    const hits = labels.reduce(
      (count, label, row) => count + Number(label === kind && predicted[row] === kind),
      0,
    );
    return hits / own;
  };
  return 50 * (recall(0) + recall(1));
}
