import { type ComputeOptions, exactRetrain, type FastOptions } from 'lethe';
import { shareMachine, sideBySide } from 'lethe/jobs';
import { FRESH } from './catalog.js';
import type { Judge, LightJudgement } from './judge.js';
import { type Bought, boughtBy, type JudgedRun, mean, meanQuality, metricOf } from './quality.js';
import type { Reference } from './reference.js';

/** exactRetrain at one cost: means over the seeds. */
export interface CurvePoint extends Bought {
  readonly forget: number;
  /** Only where a user was deleted. */
  readonly gap?: number;
  /** What each seed came to. */
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

/** exactRetrain by the recipe `fast`, from the cheapest to the dearest; the models are trained and judged side by side. */
export async function measureExactCurve(
  judge: Judge,
  references: readonly Reference[],
  compute: ComputeOptions,
): Promise<CurvePoint[]> {
  const { atOnce, each } = shareMachine(compute, LENGTHS.length);
  const points = await sideBySide(LENGTHS, atOnce, async (options) => {
    const runs: JudgedRun[] = [];
    for (const { seed, request, m0, seen } of references) {
      const own = { recipe: 'fast', ...options, seed: seed + FRESH, ...each } as const;
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
