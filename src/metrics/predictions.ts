import { requireInstance, requireInteger, requireObject } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { argmax, softmax } from '../engine/evaluation.js';

/** Logits of some rows, float32 [rows, classes]. */
export interface Predictions {
  readonly logits: Float32Array;
  readonly classes: number;
}

/** Predictions, and the true class of each row, [rows]. */
export interface LabelledPredictions extends Predictions {
  readonly labels: Uint32Array;
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
export function rowsOf(predictions: Predictions): number {
  const { logits, classes } = requireObject('predictions', predictions);
  requireInstance('logits', logits, Float32Array);
  requireInteger('classes', classes, 1);
  if (logits.length % classes !== 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${logits.length} logits are not whole rows of ${classes} classes`,
    );
  }
  return logits.length / classes;
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
export function labelledRowsOf(predictions: LabelledPredictions): number {
  const rows = rowsOf(predictions);
  const { labels, classes } = predictions;
  requireInstance('labels', labels, Uint32Array);
  if (labels.length !== rows || labels.some((label) => label >= classes)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `labels must hold one of the ${classes} classes for each of the ${rows} rows`,
    );
  }
  return rows;
}

/** The rows of two predictions of equal shape. @throws {LetheError} ERR_INVALID_ARGUMENT */
export function pairedRowsOf(a: Predictions, b: Predictions): number {
  const rows = rowsOf(a);
  if (rowsOf(b) !== rows || a.classes !== b.classes) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `predictions of ${rows} x ${a.classes} and ${rowsOf(b)} x ${b.classes} cannot be compared`,
    );
  }
  return rows;
}

/** softmax(logits) in double precision, [rows, classes]. */
export function probabilities({ logits, classes }: Predictions): Float64Array {
  return softmax(logits, classes);
}

/** log of the sum of exp over the classes of a row, except class `without`. */
function logSumExp({ logits, classes }: Predictions, row: number, without = -1): number {
  const offset = row * classes;
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    if (c !== without) largest = Math.max(largest, logits[offset + c]!);
  }
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    if (c !== without) sum += Math.exp(logits[offset + c]! - largest);
  }
  return largest + Math.log(sum);
}

/** The cross-entropy of each row, in nats. */
export function losses(predictions: LabelledPredictions): Float64Array {
  const rows = labelledRowsOf(predictions);
  const { logits, classes, labels } = predictions;
  return Float64Array.from(
    { length: rows },
    (_, row) => logSumExp(predictions, row) - logits[row * classes + labels[row]!]!,
  );
}

/**
 * log(p / (1 - p)) of each row's true class: Carlini et al., "Membership Inference Attacks From
 * First Principles", IEEE S&P 2022, section IV-C. Needs at least two classes.
 */
export function margins(predictions: LabelledPredictions): Float64Array {
  const rows = labelledRowsOf(predictions);
  const { logits, classes, labels } = predictions;
  requireInteger('classes', classes, 2);
  return Float64Array.from({ length: rows }, (_, row) => {
    const label = labels[row]!;
    return logits[row * classes + label]! - logSumExp(predictions, row, label);
  });
}

/** The entropy of each row's distribution, in nats. */
export function entropies(predictions: Predictions): Float64Array {
  const rows = rowsOf(predictions);
  const { classes } = predictions;
  const p = probabilities(predictions);
  return Float64Array.from({ length: rows }, (_, row) => {
    let entropy = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      if (p[i]! > 0) entropy -= p[i]! * Math.log(p[i]!);
    }
    return entropy;
  });
}

/** The class of each row's largest logit, the lowest among equals. */
export function predictedClasses(predictions: Predictions): Uint32Array {
  const { logits, classes } = predictions;
  return Uint32Array.from({ length: rowsOf(predictions) }, (_, row) =>
    argmax(logits, row * classes, classes),
  );
}

export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
