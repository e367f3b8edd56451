import { requireInteger } from '../base/arguments.js';
import { defined, type Metric, undefinedBecause } from './metric.js';
import { type LabelledPredictions, labelledRowsOf, predictedClasses } from './predictions.js';

/** The 0.975 quantile of the standard normal distribution. */
const NORMAL_QUANTILE = 1.959963984540054;

/** A share of rows in percent, with its 95 % confidence interval. */
export interface Proportion {
  readonly percent: number;
  readonly low: number;
  readonly high: number;
}

/**
 * `hits` of `rows`, with Wilson's score interval: Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927.
 *
 * @param rows at least 1
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function proportion(hits: number, rows: number): Proportion {
  requireInteger('rows', rows, 1);
  requireInteger('hits', hits, 0, rows);
  const p = hits / rows;
  const z2 = NORMAL_QUANTILE ** 2 / rows;
  const centre = (p + z2 / 2) / (1 + z2);
  const half = Math.sqrt((p * (1 - p) * z2 + z2 ** 2 / 4) / (1 + z2) ** 2);
  return {
    percent: 100 * p,
    low: 100 * Math.max(0, centre - half),
    high: 100 * Math.min(1, centre + half),
  };
}

/**
 * The share of correctly classified rows; undefined without rows.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function accuracy(predictions: LabelledPredictions): Proportion | undefined {
  const rows = labelledRowsOf(predictions);
  if (rows === 0) return undefined;
  const predicted = predictedClasses(predictions);
  return proportion(
    predicted.filter((label, row) => label === predictions.labels[row]).length,
    rows,
  );
}

/** Accuracy on the forget set minus accuracy on comparable test rows, in percentage points. */
export function gap(forget: LabelledPredictions, test: LabelledPredictions): Metric {
  const [onForget, onTest] = [accuracy(forget), accuracy(test)];
  if (!onForget) return undefinedBecause('the forget set is empty');
  if (!onTest) return undefinedBecause('there are no test rows');
  return defined(onForget.percent - onTest.percent);
}
