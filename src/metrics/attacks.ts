import { isInstance, requireArray, requireObject } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { defined, type Metric, undefinedBecause } from './metric.js';
import {
  entropies,
  type LabelledPredictions,
  labelledRowsOf,
  losses,
  margins,
  mean,
  type Predictions,
  pairedRowsOf,
} from './predictions.js';

/**
 * The area under the ROC curve: the probability that a positive scores higher than a negative,
 * where ties count half. 0.5 means that the scores carry no information.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: scores that are not finite
 */
export function areaUnderCurve(
  positives: Float64Array | readonly number[],
  negatives: Float64Array | readonly number[],
): Metric {
  requireScores('positives', positives);
  requireScores('negatives', negatives);
  if (positives.length === 0) return undefinedBecause('there are no positives');
  if (negatives.length === 0) return undefinedBecause('there are no negatives');
  const ascending = Float64Array.from(negatives).sort();
  let wins = 0;
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i]!;
    const below = countBelow(ascending, (value) => value < score);
    const notAbove = countBelow(ascending, (value) => value <= score);
    wins += (below + notAbove) / 2;
  }
  return defined(wins / positives.length / negatives.length);
}

function requireScores(name: string, scores: Float64Array | readonly number[]): void {
  if (isFiniteList(scores)) return;
  throw new LetheError('ERR_INVALID_ARGUMENT', `${name} must be an array of finite numbers`);
}

function isFiniteList(scores: Float64Array | readonly number[]): boolean {
  return (
    (isInstance(scores, Float64Array) || Array.isArray(scores)) && scores.every(Number.isFinite)
  );
}

/** The number of values that satisfy the condition; they come first among the ascending values. */
function countBelow(ascending: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(ascending[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The probability that a forget row has higher entropy under the candidate than under the
 * reference: 0.5 if the entropies of the two models cannot be told apart.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function entropyAuc(candidate: Predictions, reference: Predictions): Metric {
  pairedRowsOf(candidate, reference);
  return areaUnderCurve(entropies(candidate), entropies(reference));
}

/** How often an attack takes rows for members of the training set, in percent of each set. */
export interface MembershipAttack {
  readonly forget: number;
  readonly test: number;
  /** forget - test: the attack's advantage on rows that had been trained on. */
  readonly excess: number;
}

/**
 * The loss-threshold attack: a row is called a member if its loss is at most the mean loss of the
 * rows that the model was trained on. Source: Yeom, Giacomelli, Fredrikson, Jha, "Privacy risk in
 * machine learning", CSF 2018, section 3.2.
 *
 * @returns undefined if one of the sets is empty
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function membershipAttack(sets: {
  readonly retain: LabelledPredictions;
  readonly forget: LabelledPredictions;
  readonly test: LabelledPredictions;
}): MembershipAttack | undefined {
  const { retain, forget, test } = requireObject('sets', sets);
  if ([retain, forget, test].some((set) => labelledRowsOf(set) === 0)) return undefined;
  const threshold = mean(losses(retain));
  const rate = (set: LabelledPredictions) => {
    const members = losses(set).reduce((count, loss) => count + Number(loss <= threshold), 0);
    return (100 * members) / set.labels.length;
  };
  const [onForget, onTest] = [rate(forget), rate(test)];
  return { forget: onForget, test: onTest, excess: onForget - onTest };
}

/** The candidate's predictions of some rows, and those of models that never saw the forget set. */
export interface Calibrated {
  readonly candidate: LabelledPredictions;
  readonly references: readonly Predictions[];
}

/**
 * How well forget rows can be told from test rows by the margin of the true class minus its mean
 * over reference models that never saw the forget set: this cancels each row's difficulty. 0.5
 * means that no trace was found.
 * Source: Watson, Guo, Cormode, Sablayrolles, "On the importance of difficulty calibration in
 * membership inference attacks", ICLR 2022.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function calibratedAuc(forget: Calibrated, test: Calibrated): Metric {
  const of = (name: string, set: Calibrated) =>
    requireArray(`the references of the ${name} set`, requireObject(name, set).references);
  if (of('forget', forget).length === 0 || of('test', test).length === 0) {
    return undefinedBecause('there is no reference model to calibrate with');
  }
  return areaUnderCurve(calibratedMargins(forget), calibratedMargins(test));
}

function calibratedMargins({ candidate, references }: Calibrated): Float64Array {
  const own = margins(candidate);
  for (const reference of references) {
    pairedRowsOf(candidate, reference);
    const theirs = margins({ ...reference, labels: candidate.labels });
    theirs.forEach((margin, row) => {
      own[row]! -= margin / references.length;
    });
  }
  return own;
}
