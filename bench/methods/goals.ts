import { atLeast, atMost, type Condition } from '../support/conditions.js';
import { summarize } from '../support/statistics.js';
import type { Judgement, MetricName } from './judge.js';
import type { DeletionFigures } from './measure.js';
import type { MethodRun } from './method-runs.js';
import type { OtherDataFigures } from './other-data.js';
import type { ShardedFigures, ShardedRun } from './sharded.js';

/**
 * What a goal came to on some rows: `value` is the divergence on the forget set, `floor` that of M0'
 * to M0, mean + 2 sd; of exact.other the smallest difference of an accuracy to M0's, and the least that
 * is allowed; of sisa what a request is expected to cost, in % of M0's, and the most that is allowed.
 */
export interface GoalFigures {
  readonly value: number | null;
  readonly floor: number | null;
  /** What was deleted. */
  readonly on?: string;
  readonly conditions?: readonly Condition[];
}

export interface MethodGoal extends GoalFigures {
  readonly id: string;
  /** Which method was held to it. */
  readonly method?: string;
  /** The same method on the other deletions of the kind. */
  readonly elsewhere?: readonly GoalFigures[];
}

/**
 * The goals that were measured; null for those that were not. They are about the first deletion of
 * each kind. Of the approximate methods the one is held to a goal that meets the most conditions there.
 */
export function goalsOf(
  figures: readonly DeletionFigures[],
  otherData: readonly OtherDataFigures[] = [],
  sharded: readonly ShardedFigures[] = [],
): MethodGoal[] {
  const of = (kind: 'class' | 'user') => figures.filter(({ deletion }) => deletion.kind === kind);
  const [byClass, byUser] = [of('class'), of('user')];
  return [
    goal('exact.rows', byUser, exactConditions, true),
    goal('exact.class', byClass, exactConditions, true),
    exactOnAnyData(otherData),
    goal('approx.class', byClass, approximateClassConditions, false),
    goal('approx.rows', byUser, approximateRowsConditions, false),
    ofShards(sharded),
  ];
}

const LEAST_RETAIN = -0.1;
/** A seed that is further below M0, in points, has gone wrong. */
const LEAST_OF_ANY_SEED = -1;

function exactOnAnyData(figures: readonly OtherDataFigures[]): MethodGoal {
  if (figures.length === 0) return { id: 'exact.other', value: null, floor: null };
  return {
    ...{ id: 'exact.other', method: 'exactRetrain', floor: LEAST_RETAIN },
    value: Math.min(...figures.flatMap(({ retain, test }) => [retain, test])),
    conditions: figures.flatMap(({ name, costPercent, mostCost, retain, test, worst }) => [
      atMost(`${name}: % of M0's multiply-adds`, costPercent, mostCost),
      atLeast(`${name}: retain, minus M0's`, retain, LEAST_RETAIN),
      atLeast(`${name}: test, minus M0's`, test, 0),
      atLeast(`${name}: the worst of both of any seed`, worst, LEAST_OF_ANY_SEED),
    ]),
  };
}

/** A request is to be 40 times as cheap as M0. */
const MOST_COST_OF_A_REQUEST = 2.5;

function ofShards([figures]: readonly ShardedFigures[]): MethodGoal {
  if (!figures) return { id: 'sisa', value: null, floor: null };
  const { name, runs } = figures;
  const meanOf = (column: keyof ShardedRun) => summarize(runs.map((run) => run[column])).mean;
  const value = meanOf('uniformPercent');
  return {
    ...{ id: 'sisa', method: name, value, floor: MOST_COST_OF_A_REQUEST },
    conditions: [
      atMost("a request: % of M0's multiply-adds", value, MOST_COST_OF_A_REQUEST),
      atLeast('test', meanOf('test'), 97.9),
    ],
  };
}

/** @param isFirst whether bounds hold that the goals name for class 0 and the top user alone */
type Conditions = (
  runs: readonly MethodRun[],
  figures: DeletionFigures,
  isFirst: boolean,
) => Condition[];

function goal(
  id: string,
  [first, ...others]: readonly DeletionFigures[],
  conditionsOf: Conditions,
  isExact: boolean,
): MethodGoal {
  const unmeasured = { id, value: null, floor: null };
  if (!first) return unmeasured;
  const candidates = first.methods.filter(
    ({ name, isExact: exact, runs }) =>
      runs.length > 0 && (isExact ? name === 'exactRetrain' : !exact && name !== 'nothing'),
  );
  const judged = candidates.map(({ name, runs, diverged }) => ({
    ...{ name, conditions: [cameToAnEnd(diverged), ...conditionsOf(runs, first, true)] },
  }));
  const met = (conditions: readonly Condition[]) => conditions.filter(({ isMet }) => isMet).length;
  const [best] = judged.sort((a, b) => met(b.conditions) - met(a.conditions));
  if (!best) return unmeasured;
  const on = (figures: DeletionFigures): GoalFigures => {
    const { runs, diverged } = figures.methods.find(({ name }) => name === best.name)!;
    const on = figures.title;
    const ended = cameToAnEnd(diverged);
    if (runs.length === 0) return { on, value: null, floor: null, conditions: [ended] };
    return {
      ...{ on, value: mean(runs, 'jsForget'), floor: floorOf(figures, 'jsForget') },
      conditions: [ended, ...conditionsOf(runs, figures, figures === first)],
    };
  };
  return { ...{ id, method: best.name }, ...on(first), elsewhere: others.map(on) };
}

function mean(runs: readonly { judgement: Judgement }[], metric: MetricName): number {
  return summarize(runs.map(({ judgement }) => judgement[metric].value ?? Number.NaN)).mean;
}

/** The mean of a metric over M0' plus two standard deviations. */
function floorOf({ floor }: DeletionFigures, metric: MetricName): number {
  const { mean, sd } = summarize(floor.map((judgement) => judgement[metric].value ?? Number.NaN));
  return mean + 2 * sd;
}

function methodMean({ methods }: DeletionFigures, name: string, metric: MetricName): number {
  return mean(methods.find((method) => method.name === name)!.runs, metric);
}

/** The other conditions are about the seeds that did not diverge. */
const cameToAnEnd = (diverged: number) => atMost('seeds that diverged', diverged, 0);

const cost = (runs: readonly MethodRun[], of: 'costPercent' | 'secondsPercent') =>
  summarize(runs.map((run) => run[of])).mean;

function exactConditions(
  runs: readonly MethodRun[],
  figures: DeletionFigures,
  isFirst: boolean,
): Condition[] {
  const m0 = (metric: MetricName) => methodMean(figures, 'retrain', metric);
  const floor = floorOf(figures, 'jsForget');
  const common = [
    atMost("% of M0's multiply-adds", cost(runs, 'costPercent'), 3, 2.5),
    atMost("% of M0's seconds", cost(runs, 'secondsPercent'), 8, 4),
    atLeast('retain', mean(runs, 'retain'), m0('retain') - 0.1),
    atLeast('test', mean(runs, 'test'), m0('test') + 0.2),
  ];
  if (figures.deletion.kind === 'class') {
    return [...common, atMost('JS on the forget set', mean(runs, 'jsForget'), floor + 0.015)];
  }
  const [gap, js] = isFirst ? [0, Math.max(0.0085, floor)] : [floorOf(figures, 'gap'), floor];
  return [
    ...common,
    atMost('gap', mean(runs, 'gap'), gap),
    atMost('JS on the forget set', mean(runs, 'jsForget'), js),
  ];
}

/** Whether the mean lies within two standard deviations of what M0' gives. */
function withinFloor(
  runs: readonly MethodRun[],
  { floor }: DeletionFigures,
  metric: MetricName,
): Condition {
  const { mean: centre, sd } = summarize(floor.map((own) => own[metric].value ?? Number.NaN));
  return atMost(`${metric}, distance from M0'`, Math.abs(mean(runs, metric) - centre), 2 * sd);
}

function approximateClassConditions(
  runs: readonly MethodRun[],
  figures: DeletionFigures,
): Condition[] {
  const m0 = (metric: MetricName) => methodMean(figures, 'retrain', metric);
  const forget = runs.map(({ judgement }) => judgement.forget.value ?? Number.NaN);
  return [
    atMost("% of M0's multiply-adds", cost(runs, 'costPercent'), 2),
    atMost('forget accuracy, the worst seed', Math.max(...forget), 0),
    atLeast('retain', mean(runs, 'retain'), m0('retain') - 0.1),
    atLeast('test', mean(runs, 'test'), m0('test')),
    atMost('JS on the forget set', mean(runs, 'jsForget'), floorOf(figures, 'jsForget')),
    ...(['entropy', 'entropyAuc', 'probe', 'relearn'] as const).map((metric) =>
      withinFloor(runs, figures, metric),
    ),
  ];
}

function approximateRowsConditions(
  runs: readonly MethodRun[],
  figures: DeletionFigures,
  isFirst: boolean,
): Condition[] {
  const m0 = (metric: MetricName) => methodMean(figures, 'retrain', metric);
  const [gap, js] = isFirst
    ? [0.9, 0.008]
    : [floorOf(figures, 'gap'), floorOf(figures, 'jsForget')];
  return [
    atMost("% of M0's multiply-adds", cost(runs, 'costPercent'), 2),
    atLeast('retain', mean(runs, 'retain'), m0('retain') - 0.1),
    atLeast('test', mean(runs, 'test'), m0('test') - 0.1),
    atMost('JS on the forget set', mean(runs, 'jsForget'), js),
    atMost('gap', mean(runs, 'gap'), gap, isFirst ? 0.25 : undefined),
  ];
}
