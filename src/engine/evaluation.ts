import { requireInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Dataset, labelsOf } from './dataset.js';
import type { RowSet, Rows } from './row-set.js';
import type { RunOptions } from './run.js';

/** A model's accuracy and loss on a set of rows. */
export interface Evaluation {
  readonly rows: number;
  readonly correct: number;
  /** Share of correct predictions, in percent. */
  readonly accuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
}

/** The index of the largest of `count` values from `offset`; the lowest one among equals. */
export function argmax(values: Float32Array, offset: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) {
    if (values[offset + c]! > values[offset + best]!) best = c;
  }
  return best;
}

/** The names of the likeliest classes, the first among equals, [rows]. @param logits [rows, classes] */
export function likeliestNames(logits: Float32Array, classNames: readonly string[]): string[] {
  const classes = classNames.length;
  return Array.from(
    { length: logits.length / classes },
    (_, row) => classNames[argmax(logits, row * classes, classes)]!,
  );
}

/** The cross-entropy of a row, in nats. Its logits begin at `offset`; `best` is their argmax. */
function rowLoss(
  logits: Float32Array,
  offset: number,
  classes: number,
  best: number,
  label: number,
): number {
  const largest = logits[offset + best]!;
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[offset + c]! - largest);
  return Math.log(sum) + largest - logits[offset + label]!;
}

/** The logarithm of softmax of each row in double precision, [rows, classes]. */
export function logSoftmax(logits: Float32Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let offset = 0; offset < logits.length; offset += classes) {
    const best = argmax(logits, offset, classes);
    const logSum = rowLoss(logits, offset, classes, best, best) + logits[offset + best]!;
    for (let c = 0; c < classes; c++) result[offset + c] = logits[offset + c]! - logSum;
  }
  return result;
}

/** The softmax of each row in double precision, [rows, classes]. */
export function softmax(logits: Float32Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let offset = 0; offset < logits.length; offset += classes) {
    const largest = logits[offset + argmax(logits, offset, classes)]!;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const value = Math.exp(logits[offset + c]! - largest);
      result[offset + c] = value;
      sum += value;
    }
    for (let c = 0; c < classes; c++) result[offset + c]! /= sum;
  }
  return result;
}

/** @param logits float32 [rows, classes]; @param labels [rows], at least one */
function evaluateLogits(logits: Float32Array, classes: number, labels: Uint32Array): Evaluation {
  let correct = 0;
  let loss = 0;
  labels.forEach((label, row) => {
    const offset = row * classes;
    const best = argmax(logits, offset, classes);
    if (best === label) correct++;
    loss += rowLoss(logits, offset, classes, best, label);
  });
  const rows = labels.length;
  return { rows, correct, accuracy: (100 * correct) / rows, loss: loss / rows };
}

/** Anything that computes logits: a model or an ensemble. */
interface Classifier {
  readonly classes: number;
  logits(dataset: Dataset, rows: RowSet, options: RunOptions): Promise<Float32Array>;
}

/** Evaluates a classifier on rows of a data set that has at most as many classes. */
export async function evaluateRows(
  model: Classifier,
  dataset: Dataset,
  rows: Rows,
  options: RunOptions,
): Promise<Evaluation> {
  requireInstance('dataset', dataset, Dataset);
  const checked = dataset.nonEmptyRowSet(rows, 'set of rows');
  if (dataset.classes > model.classes) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${dataset.name} has ${dataset.classes} classes, but the model has only ${model.classes}`,
    );
  }
  const logits = await model.logits(dataset, checked, options);
  return evaluateLogits(logits, model.classes, checked.gather(labelsOf(dataset)));
}
