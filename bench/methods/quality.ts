import { summarize } from '../support/statistics.js';
import type { LightJudgement } from './judge.js';

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
