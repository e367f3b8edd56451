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

/** A quality that some work has bought, in % of M0's. */
export interface Bought extends Quality {
  readonly costPercent: number;
}

/** One run of a method or of a retrain, judged at least lightly. */
export interface JudgedRun {
  readonly seed: number;
  readonly costPercent: number;
  readonly judgement: LightJudgement;
}

/** exactRetrain at one cost: means over the seeds. */
export interface CurvePoint extends Bought {
  readonly forget: number;
  /** Of a user's rows. */
  readonly gap?: number;
  /** Of each seed. */
  readonly runs: readonly (Bought & { readonly seed: number })[];
}

/** Multiples of the default steps. The cheapest retrain cannot afford the scorer. */
const LENGTHS: readonly FastOptions[] = [
  { effort: 0.35, hardestShare: 0 },
  { effort: 0.7 },
  {},
  { effort: 2 },
  { effort: 4 },
  { effort: 7 },
  { effort: 12 },
];

/** exactRetrain from the cheapest to the dearest; the models are trained and judged side by side. */
export async function measureExactCurve(
  judge: Judge,
  references: readonly Reference[],
  threads: number,
): Promise<CurvePoint[]> {
  const points = await sideBySide(LENGTHS, threads, async (options) => {
    const runs: JudgedRun[] = [];
    for (const { seed, request, m0, seen } of references) {
      const own = { ...options, seed: seed + FRESH, threads: 1 };
      const { model, multiplyAdds } = await exactRetrain(request, own);
      const costPercent = (100 * multiplyAdds) / m0.multiplyAdds;
      runs.push({ seed, costPercent, judgement: await judge.judgeLightly(model, seen) });
    }
    return pointOf(runs);
  });
  return points.sort((a, b) => a.costPercent - b.costPercent);
}

function pointOf(runs: readonly JudgedRun[]): CurvePoint {
  const meanOf = (metric: keyof LightJudgement) => mean(runs.map((run) => metricOf(run, metric)));
  const gap = meanOf('gap');
  return {
    ...meanQuality(runs.map(boughtBy)),
    forget: meanOf('forget'),
    ...(Number.isFinite(gap) && { gap }),
    runs: runs.map((run) => ({ seed: run.seed, ...boughtBy(run) })),
  };
}

export function boughtBy(run: JudgedRun): Bought {
  return {
    costPercent: run.costPercent,
    jsForget: metricOf(run, 'jsForget'),
    retain: metricOf(run, 'retain'),
    test: metricOf(run, 'test'),
  };
}

export function metricOf({ judgement }: JudgedRun, metric: keyof LightJudgement): number {
  return judgement[metric].value ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return summarize(values).mean;
}

export function meanQuality(runs: readonly Bought[]): Bought {
  const of = (column: keyof Bought) => mean(runs.map((run) => run[column]));
  return {
    costPercent: of('costPercent'),
    jsForget: of('jsForget'),
    retain: of('retain'),
    test: of('test'),
  };
}
