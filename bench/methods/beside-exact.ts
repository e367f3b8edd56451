import { ROUNDING } from '../support/conditions.js';
import { summarize } from '../support/statistics.js';
import type { CurvePoint } from './exact-curve.js';
import {
  type Bought,
  boughtBy,
  type JudgedRun,
  mean,
  meanQuality,
  metricOf,
  type Quality,
} from './quality.js';

/**
 * Whether an exact retrain is better than a method: beyond noise, by the means alone (or of one seed), or
 * not.
 */
export type Verdict = 'yes' | 'by the means' | 'no';

/** What an approximate method stands beside. */
export interface BesideExact {
  /** The exact retrain of the method's cost, or the dearest; undefined: none is so cheap. */
  readonly equalCost?: Quality;
  /** By an exact retrain of at most the method's cost, see besideExact. */
  readonly isBeaten: Verdict;
}

/**
 * An exact retrain of the method's cost or less beats it that is closer to M0 on the forget set and as
 * accurate as the method, or as M0 where the method is more accurate than that: what a method adds to
 * M0's accuracy is no forgetting. All by the means over the seeds that did not diverge; `yes` where it
 * is closer by more than SURE standard errors of the differences, seed by seed.
 *
 * @param m0 runs of M0's recipe
 */
export function besideExact(
  runs: readonly JudgedRun[],
  m0: readonly JudgedRun[],
  curve: readonly CurvePoint[],
): BesideExact {
  const method = meanQuality(runs.map(boughtBy));
  const equalCost = exactOfEqualCost(curve, method.costPercent);
  if (!equalCost) return { isBeaten: 'no' };
  const m0Quality = meanQuality(m0.map(boughtBy));
  const affordable = curve.filter(({ costPercent }) => costPercent <= method.costPercent);
  const candidates = [
    ...affordable.map((point) => runs.map(({ seed }) => runOfSeed(point, seed))),
    runs.map(({ seed, costPercent }) => exactOfEqualCost(curveOfSeed(curve, seed), costPercent)),
  ];
  const beating = candidates.flatMap((candidate) => {
    const exact = candidate.flatMap((run) => run ?? []);
    return exact.length === runs.length && isBetter(exact, method, m0Quality) ? [exact] : [];
  });
  const isSure = beating.some((candidate) =>
    isPositive(runs.map((run, i) => metricOf(run, 'jsForget') - candidate[i]!.jsForget)),
  );
  return { equalCost, isBeaten: beating.length === 0 ? 'no' : isSure ? 'yes' : 'by the means' };
}

function runOfSeed({ runs }: CurvePoint, seed: number): Bought | undefined {
  return runs.find((run) => run.seed === seed);
}

function curveOfSeed(curve: readonly CurvePoint[], seed: number): Bought[] {
  return curve
    .flatMap((point) => runOfSeed(point, seed) ?? [])
    .sort((a, b) => a.costPercent - b.costPercent);
}

/** How much below M0's an accuracy still counts as M0's, as in the goals. */
const TOLERANCE = 0.1;

function isBetter(exact: readonly Quality[], method: Quality, m0: Quality): boolean {
  const of = (metric: keyof Quality) => mean(exact.map((run) => run[metric]));
  return (
    of('jsForget') < method.jsForget &&
    of('retain') >= Math.min(method.retain, m0.retain - TOLERANCE) - ROUNDING &&
    of('test') >= Math.min(method.test, m0.test - TOLERANCE) - ROUNDING
  );
}

/**
 * By chance means of five seeds differ so much in 0.8 % (Student's t, 4 degrees of freedom), and in at
 * most 6 % where the best of up to eight retrains is looked at.
 */
export const SURE = 4;

/** Whether the mean is so far above 0 that this is no chance; of one value nobody can tell. */
function isPositive(differences: readonly number[]): boolean {
  const { mean, sd } = summarize(differences);
  return differences.length > 1 && mean > (SURE * sd) / Math.sqrt(differences.length);
}

/**
 * The exact retrain of a cost, linear in the logarithm of the cost between two points of the curve;
 * beyond its end the dearest one. Undefined below its beginning: none is so cheap.
 *
 * @param curve by ascending cost
 */
export function exactOfEqualCost(
  curve: readonly Bought[],
  costPercent: number,
): Quality | undefined {
  const next = curve.findIndex((point) => point.costPercent > costPercent);
  if (next === 0 || curve.length === 0) return undefined;
  const below = curve.at(next === -1 ? -1 : next - 1)!;
  const above = curve.at(next)!;
  const share =
    next === -1
      ? 0
      : Math.log(costPercent / below.costPercent) / Math.log(above.costPercent / below.costPercent);
  const between = (metric: keyof Quality) =>
    below[metric] + share * (above[metric] - below[metric]);
  return { jsForget: between('jsForget'), retain: between('retain'), test: between('test') };
}
