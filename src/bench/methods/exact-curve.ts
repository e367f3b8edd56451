import { sideBySide } from '../../engine/side-by-side.js';
import { exactRetrain, type FastOptions } from '../../index.js';
import { summarize } from '../statistics.js';
import { FRESH } from './catalog.js';
import type { Judge, LightJudgement } from './judge.js';
import type { Reference } from './reference.js';

/** What counts where an exact retrain stands beside another method; accuracies in percent. */
export interface Quality {
  readonly jsForget: number;
  readonly retain: number;
  readonly test: number;
}

/** One run of a method or of a retrain, judged at least lightly. */
interface JudgedRun {
  readonly costPercent: number;
  readonly judgement: LightJudgement;
}

/** exactRetrain at one cost, in % of M0's: means over the seeds. */
export interface CurvePoint extends Quality {
  readonly costPercent: number;
  readonly forget: number;
  /** Of a user's rows. */
  readonly gap?: number;
}

/** What an approximate method stands beside. */
export interface BesideExact {
  /** The exact retrain of the method's cost; undefined: none is so cheap. */
  readonly equalCost?: Quality;
  /** Whether an exact retrain of at most the method's cost is better, see isBeaten. */
  readonly isBeaten: boolean;
}

/** Multiples of the default number of steps. The cheapest retrain cannot afford the scorer. */
const LENGTHS: readonly (readonly [multiple: number, options: FastOptions])[] = [
  [0.35, { hardestShare: 0 }],
  [0.7, {}],
  [1, {}],
  [2, {}],
  [4, {}],
  [7, {}],
  [12, {}],
];
/** The default of large data sets: half the rows over the batch size, at least so many. */
const BATCH_SIZE = 64;
const FEWEST_STEPS = 150;

/** exactRetrain from the cheapest to the dearest; the models are trained and judged side by side. */
export async function measureExactCurve(
  judge: Judge,
  references: readonly Reference[],
  threads: number,
): Promise<CurvePoint[]> {
  const points = await sideBySide(LENGTHS, threads, async ([multiple, options]) => {
    const runs: JudgedRun[] = [];
    for (const { seed, request, m0, seen } of references) {
      const usual = Math.max(FEWEST_STEPS, request.retain.length / 2 / BATCH_SIZE);
      const { model, multiplyAdds } = await exactRetrain(request, {
        ...options,
        ...{ steps: Math.round(multiple * usual), seed: seed + FRESH, threads: 1 },
      });
      const costPercent = (100 * multiplyAdds) / m0.multiplyAdds;
      runs.push({ costPercent, judgement: await judge.judgeLightly(model, seen) });
    }
    return pointOf(runs);
  });
  return points.sort((a, b) => a.costPercent - b.costPercent);
}

function pointOf(runs: readonly JudgedRun[]): CurvePoint {
  const gap = mean(runs, 'gap');
  return {
    costPercent: meanCost(runs),
    ...qualityOf(runs),
    forget: mean(runs, 'forget'),
    ...(Number.isFinite(gap) && { gap }),
  };
}

function qualityOf(runs: readonly JudgedRun[]): Quality {
  return {
    jsForget: mean(runs, 'jsForget'),
    retain: mean(runs, 'retain'),
    test: mean(runs, 'test'),
  };
}

function mean(runs: readonly JudgedRun[], metric: keyof LightJudgement): number {
  return summarize(runs.map(({ judgement }) => judgement[metric].value ?? Number.NaN)).mean;
}

function meanCost(runs: readonly JudgedRun[]): number {
  return summarize(runs.map(({ costPercent }) => costPercent)).mean;
}

/** @param m0 runs of M0's recipe */
export function besideExact(
  runs: readonly JudgedRun[],
  m0: readonly JudgedRun[],
  curve: readonly CurvePoint[],
): BesideExact {
  const costPercent = meanCost(runs);
  const equalCost = exactOfEqualCost(curve, costPercent);
  return {
    ...(equalCost && { equalCost }),
    isBeaten: isBeaten({ costPercent, ...qualityOf(runs) }, qualityOf(m0), curve),
  };
}

/**
 * The exact retrain of a cost, linear in the logarithm of the cost between two points of the curve;
 * beyond its end the dearest one. Undefined below its beginning: none is so cheap.
 *
 * @param curve by ascending cost
 */
export function exactOfEqualCost(
  curve: readonly CurvePoint[],
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

/** How much below M0's an accuracy still counts as M0's, as in the goals. */
const TOLERANCE = 0.1;

/**
 * Whether an exact retrain of the method's cost or less is closer to M0 on the forget set and as
 * accurate as the method, or as M0 where the method is more accurate than that: what a method adds
 * to M0's accuracy is no forgetting.
 */
export function isBeaten(
  method: Quality & { readonly costPercent: number },
  m0: Pick<Quality, 'retain' | 'test'>,
  curve: readonly CurvePoint[],
): boolean {
  const equal = exactOfEqualCost(curve, method.costPercent);
  if (!equal) return false;
  const affordable = curve.filter(({ costPercent }) => costPercent <= method.costPercent);
  return [...affordable, equal].some(
    ({ jsForget, retain, test }) =>
      jsForget < method.jsForget &&
      retain >= Math.min(method.retain, m0.retain - TOLERANCE) &&
      test >= Math.min(method.test, m0.test - TOLERANCE),
  );
}
