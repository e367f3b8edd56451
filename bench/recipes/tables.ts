import Table from 'cli-table3';
import type { Machine } from '../support/command-line.js';
import type { Condition } from '../support/conditions.js';
import { summarize } from '../support/statistics.js';
import { type Change, changeOf, standardOf } from './changes.js';
import { isMet, type RecipeGoal } from './goals.js';
import type { SetFigures } from './measure.js';

/** A data set that is not on this machine, or whose text says why not. */
export interface SkippedSet {
  readonly name: string;
  readonly reason: string;
}

/** All that a run of the bench has found. */
export interface RecipesReport {
  readonly environment: Machine & {
    readonly seeds: readonly number[];
    readonly recipes: readonly string[];
    readonly peer: string | null;
    readonly seconds: number;
  };
  readonly sets: readonly (SetFigures & {
    /** By recipe; computed from the runs. */
    readonly changes: Readonly<Record<string, Change>>;
  })[];
  readonly skipped: readonly SkippedSet[];
  readonly goals: readonly RecipeGoal[];
}

export const DATA_HEAD = [
  ...['', 'kind', 'rows', 'network', 'most frequent %'],
  ...['M0 retain %', 'M0 test %', 'M0 macro recall %', "M0' - M0 retain", "M0' - M0 test"],
];

/** What there is to learn, and what M0 makes of it. */
export function dataRows(sets: readonly SetFigures[]): string[][] {
  return sets.map((figures) => {
    const { name, kind, rows, widths, mostFrequent } = figures;
    const { mean, noise, diverged } = standardOf(figures);
    return [
      diverged > 0 ? `${name} (M0 diverged ${diverged} times)` : name,
      ...[kind, rows.toLocaleString('en'), widths.join('-'), mostFrequent.test.toFixed(1)],
      ...[mean.retain, mean.test, mean.macroRecall, noise.retain, noise.test].map(points),
    ];
  });
}

export const CHANGE_HEAD = [
  ...['', 'retain', 'test', 'macro recall', 'worst seed', 'cost %', 'seconds %', 'recipe'],
];

/** What a recipe changes, set by set. */
export function changeRows(sets: readonly SetFigures[], recipe: string): string[][] {
  return sets.flatMap((figures) => {
    const runs = figures.recipes.find(({ name }) => name === recipe);
    if (!runs) return [];
    const change = changeOf(figures, runs);
    const { retain, test, macroRecall, worst, costPercent, secondsPercent, choices } = change;
    return [
      [
        figures.name,
        ...[retain, test, macroRecall, worst].map(signed),
        ...[costPercent, secondsPercent].map((value) => value?.toFixed(1) ?? '-'),
        choiceText(choices) + (runs.choiceOfHalf ? ` (half the rows: ${runs.choiceOfHalf})` : ''),
      ],
    ];
  });
}

export const PEER_HEAD = ['', 'retain %', 'test %', 'macro recall %', 'epochs', 'seconds'];

export function peerRows(sets: readonly SetFigures[]): string[][] {
  return sets.flatMap(({ name, peer }) =>
    peer
      ? [
          [
            name,
            ...[peer.retain, peer.test, peer.macroRecall].map(points),
            ...[String(peer.epochs), peer.seconds.toFixed(1)],
          ],
        ]
      : [],
  );
}

export const SHARDS_HEAD = ['', '200 epochs: test %', 'three shards: change'];

export function shardRows(sets: readonly SetFigures[]): string[][] {
  return sets.flatMap((figures) => {
    const { name, shards } = figures;
    if (shards.length === 0) return [];
    const { test } = standardOf(figures).mean;
    return [[name, points(test), signed(summarize(shards).mean - test)]];
  });
}

/** Different choices with their numbers: `steady 2 x 2, fast`. */
export function choiceText(choices: readonly string[]): string {
  return [...new Set(choices)]
    .map((choice) => {
      const count = choices.filter((other) => other === choice).length;
      return count === 1 || count === choices.length ? choice : `${count} times ${choice}`;
    })
    .join(', ');
}

export const EXPLANATION =
  'Changes are percentage points to the mean of all M0 on the same rows: a network of the same widths, trained by the defaults of ' +
  "Model.train; for the kind small by 200 epochs of 16 rows at rate 0.05. worst seed: retain or test. M0' - M0: the standard deviation. " +
  "cost: multiply-adds in % of M0's, zeros not skipped. Where M0 has diverged, its accuracies are those of the most frequent class.";

export function renderRecipes(report: RecipesReport): string {
  const { environment, sets, skipped, goals } = report;
  const { device, threads, cpu, seeds, seconds, recipes, peer } = environment;
  return [
    `seeds ${seeds.join(', ')}; ${device}, ${threads} threads, ${cpu}; ${seconds.toFixed(0)} s`,
    ...section('The data sets, and M0', DATA_HEAD, dataRows(sets)),
    ...recipes.flatMap((recipe) => section(recipe, CHANGE_HEAD, changeRows(sets, recipe))),
    ...section(`${peer}, the first seed`, PEER_HEAD, peerRows(sets)),
    ...section('Small data in three shards', SHARDS_HEAD, shardRows(sets)),
    EXPLANATION,
    ...(skipped.length > 0 ? [`Skipped:\n${skipped.map(skippedText).join('\n')}`] : []),
    `Goals:\n${goals.flatMap(goalLines).join('\n')}`,
  ].join('\n\n');
}

export function goalTitle({ id, recipe, value, goal, met }: RecipeGoal): string {
  if (value === null) return `${id}: ${recipe} was not measured`;
  return `${id}: ${recipe} meets all on ${value} of ${goal} data sets: ${met ? 'met' : 'MISSED'}`;
}

/** The conditions that were missed. */
export function missedConditions({ sets }: RecipeGoal): { name: string; missed: Condition[] }[] {
  return sets
    .filter((set) => !isMet(set))
    .map(({ name, conditions }) => ({
      ...{ name, missed: conditions.filter((condition) => !condition.isMet) },
    }));
}

export function conditionText({ name, value, bound }: Condition): string {
  return `${name} ${Number.isNaN(value) ? '-' : value.toFixed(2)}, bound ${bound.toFixed(2)}`;
}

function goalLines(goal: RecipeGoal): string[] {
  return [
    goalTitle(goal),
    ...missedConditions(goal).map(
      ({ name, missed }) => `  ${name}: ${missed.map(conditionText).join('; ')}`,
    ),
  ];
}

const skippedText = ({ name, reason }: SkippedSet) => `  ${name}: ${reason}`;

/** Nothing where nothing was measured. */
function section(title: string, head: readonly string[], rows: readonly string[][]): string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return [`${title}\n${table.toString()}`];
}

const points = (value: number) => value.toFixed(2);

function signed(value: number): string {
  const text = value.toFixed(2);
  return value > 0 ? `+${text}` : text;
}
