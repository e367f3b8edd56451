import { defined, type Metric, undefinedBecause } from './metric.js';
import {
  entropies,
  mean,
  type Predictions,
  pairedRowsOf,
  predictedClasses,
  probabilities,
  rowsOf,
} from './predictions.js';

const NO_ROWS = 'there are no rows to compare';

/** p log(p / m), 0 where p is 0. */
const term = (p: number, m: number) => (p > 0 ? p * Math.log(p / m) : 0);

/** The mean Jensen-Shannon divergence, in nats, of distributions p and q, both [rows, classes]. */
function meanJensenShannon(p: Float64Array, q: Float64Array, rows: number): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const middle = (p[i]! + q[i]!) / 2;
    sum += (term(p[i]!, middle) + term(q[i]!, middle)) / 2;
  }
  return sum / rows;
}

/**
 * The mean over rows of the Jensen-Shannon divergence between two models' class distributions, in
 * nats: 0 to log 2. Source: Lin, IEEE Transactions on Information Theory 37(1), 1991.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function jensenShannon(a: Predictions, b: Predictions): Metric {
  const rows = pairedRowsOf(a, b);
  if (rows === 0) return undefinedBecause(NO_ROWS);
  return defined(meanJensenShannon(probabilities(a), probabilities(b), rows));
}

/** The mean entropy of the predictions, in nats. @throws {LetheError} ERR_INVALID_ARGUMENT */
export function predictiveEntropy(predictions: Predictions): Metric {
  if (rowsOf(predictions) === 0) return undefinedBecause(NO_ROWS);
  return defined(mean(entropies(predictions)));
}

/**
 * The zero retrain forgetting score: 1 minus the mean Jensen-Shannon divergence, in bits, from an
 * untrained network with random parameters. 1 means predictions as before any training; a retrained
 * model scores lower, because it learns something about these rows from the others. Source:
 * Chundawat et al., "Can bad teaching induce forgetting?", AAAI 2023, section 3.3.
 *
 * @param unknowing predictions of an untrained model for the same rows
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function zeroRetrainForgetting(predictions: Predictions, unknowing: Predictions): Metric {
  const { value, reason } = jensenShannon(predictions, unknowing);
  return value === undefined ? undefinedBecause(reason) : defined(1 - value / Math.LN2);
}

/**
 * The share of rows for which both models predict the same class, in percent: Cao and Yang,
 * "Towards making systems forget with machine unlearning", IEEE S&P 2015, section III-B.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function completeness(a: Predictions, b: Predictions): Metric {
  const rows = pairedRowsOf(a, b);
  if (rows === 0) return undefinedBecause(NO_ROWS);
  const other = predictedClasses(b);
  const same = predictedClasses(a).filter((label, row) => label === other[row]).length;
  return defined((100 * same) / rows);
}
