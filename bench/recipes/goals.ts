import { atLeast, atMost, type Condition } from '../support/conditions.js';
import { summarize } from '../support/statistics.js';
import { type Change, changeOf, standardOf } from './changes.js';
import type { RecipeRuns, SetFigures } from './measure.js';

/** A goal over data sets: all conditions of every one are to be met. */
export interface RecipeGoal {
  readonly id: string;
  /** The recipe that is held to it. */
  readonly recipe: string;
  /** How many data sets meet all their conditions; null where the recipe was not measured. */
  readonly value: number | null;
  /** How many should. */
  readonly goal: number | null;
  readonly met: boolean | null;
  readonly sets: readonly SetVerdict[];
}

export interface SetVerdict {
  readonly name: string;
  readonly conditions: readonly Condition[];
}

/** A promise about any data needs at least so many kinds of them. */
const LEAST_SETS = 25;
const LEAST = { retain: -0.5, test: -0.3, macroRecall: -1, worst: -1.5 };
const MOST_COST = { percent: 40, fromRows: 4800 };
/** Of any run that nobody has asked for by name. */
const MOST_UNRECORDED_COST = { percent: 110, fromRows: 2000 };

const [STEADY, AUTO, FAST, PLAIN] = ['steady', 'auto', 'fast', 'plain'];

export function goalsOf(sets: readonly SetFigures[]): RecipeGoal[] {
  const small = sets.filter(({ kind }) => kind === 'small');
  const others = sets.filter(({ kind }) => kind !== 'small');
  const forSmall = [AUTO, STEADY].find((name) => hasRecipe(small, name!)) ?? STEADY!;
  return [
    goal('exact.any', STEADY!, others, LEAST_SETS, anyConditions),
    goal('exact.choice', AUTO!, others, LEAST_SETS, choiceConditions),
    goal('exact.small', forSmall, small, 1, smallConditions),
  ];
}

function hasRecipe(sets: readonly SetFigures[], name: string): boolean {
  return sets.some(({ recipes }) => recipes.some((recipe) => recipe.name === name));
}

type ConditionsOf = (figures: SetFigures, recipe: RecipeRuns) => Condition[];

function goal(
  id: string,
  recipe: string,
  sets: readonly SetFigures[],
  least: number,
  conditionsOf: ConditionsOf,
): RecipeGoal {
  const verdicts = sets.flatMap((figures): SetVerdict[] => {
    const runs = figures.recipes.find(({ name }) => name === recipe);
    return runs ? [{ name: figures.name, conditions: conditionsOf(figures, runs) }] : [];
  });
  if (verdicts.length === 0) return { id, recipe, value: null, goal: null, met: null, sets: [] };
  const value = verdicts.filter(isMet).length;
  const wanted = Math.max(least, verdicts.length);
  return { id, recipe, value, goal: wanted, met: value >= wanted, sets: verdicts };
}

export function isMet({ conditions }: SetVerdict): boolean {
  return conditions.every((condition) => condition.isMet);
}

/** A bound gives way where M0' is as far from M0: twice the standard deviation of the difference. */
function allowed(bound: number, noise: number): number {
  return Math.min(bound, -2 * noise);
}

function anyConditions(figures: SetFigures, steady: RecipeRuns): Condition[] {
  const { noise } = standardOf(figures);
  const change = changeOf(figures, steady);
  const noiseOfAny = Math.max(noise.retain, noise.test);
  return [
    atLeast('retain, change', change.retain, allowed(LEAST.retain, noise.retain)),
    atLeast('test, change', change.test, allowed(LEAST.test, noise.test)),
    atLeast('macro recall', change.macroRecall, allowed(LEAST.macroRecall, noise.macroRecall)),
    atLeast('retain or test of any seed', change.worst, allowed(LEAST.worst, noiseOfAny)),
    ...costConditions(figures, change),
  ];
}

function costConditions(figures: SetFigures, { costPercent }: Change): Condition[] {
  const { rows, recipes } = figures;
  const unrecorded = recipes.filter(({ name, role }) => !role && name !== PLAIN);
  return [
    ...(rows >= MOST_COST.fromRows
      ? [atMost("% of M0's multiply-adds", costPercent ?? Number.NaN, MOST_COST.percent)]
      : []),
    ...(rows >= MOST_UNRECORDED_COST.fromRows
      ? unrecorded.map((recipe) => {
          const { mostCostPercent } = changeOf(figures, recipe);
          const most = mostCostPercent ?? Number.NaN;
          return atMost(`${recipe.name}, the dearest run`, most, MOST_UNRECORDED_COST.percent);
        })
      : []),
  ];
}

const MOST_MNIST_COST = 3;
const LEAST_CHOSEN = -0.5;

function choiceConditions(figures: SetFigures, auto: RecipeRuns): Condition[] {
  const { noise, mean } = standardOf(figures);
  const change = changeOf(figures, auto);
  const fast = auto.runs.filter(({ choice }) => choice.split(' ')[0] === FAST);
  const lost = summarize(fast.map(({ test }) => test - mean.test)).mean;
  return [
    ...(fast.length > 0
      ? [atLeast('fast was chosen: test, change', lost, allowed(LEAST.test, noise.test))]
      : []),
    ...(figures.isLikeMnist ? [mnistCondition(figures, auto)] : []),
    ...lengthConditions(figures, change.test + mean.test),
  ];
}

/** The cost of what was chosen, without the choice; that of no other recipe than fast is low enough. */
function mnistCondition(figures: SetFigures, { runs }: RecipeRuns): Condition {
  const isAlwaysFast = runs.every(({ choice }) => choice.split(' ')[0] === FAST);
  const fast = figures.recipes.find(({ name }) => name === FAST);
  const cost = isAlwaysFast && fast ? changeOf(figures, fast).costPercent : null;
  return atMost("fast is chosen, % of M0's multiply-adds", cost ?? Number.NaN, MOST_MNIST_COST);
}

/** The choice against the best of all lengths that were measured, and of scikit-learn. */
function lengthConditions(figures: SetFigures, chosen: number): Condition[] {
  const { mean } = standardOf(figures);
  const lengths = figures.recipes
    .filter(({ name, role }) => role === 'length' || name === STEADY)
    .map((recipe) => changeOf(figures, recipe).test + mean.test);
  const others = [...lengths, ...(figures.peer ? [figures.peer.test] : [])];
  if (others.length === 0) return [];
  const best = Math.max(...others);
  const error = sliceError(best, figures.rows);
  const bound = Math.min(LEAST_CHOSEN, -2 * error);
  return [atLeast('test, minus that of the best length and peer', chosen - best, bound)];
}

const SLICE = { share: 0.1, most: 5000 };

/** The standard error, in points, of an accuracy on as many rows as a choice can hold out. */
export function sliceError(accuracy: number, rows: number): number {
  const slice = Math.max(1, Math.min(SLICE.most, Math.floor(SLICE.share * rows)));
  const share = accuracy / 100;
  return 100 * Math.sqrt((share * (1 - share)) / slice);
}

const LEAST_SMALL = { recipe: -2, shards: -5 };

function smallConditions(figures: SetFigures, recipe: RecipeRuns): Condition[] {
  const { noise, mean } = standardOf(figures);
  const { test } = changeOf(figures, recipe);
  const shards = summarize(figures.shards).mean - mean.test;
  return [
    atLeast('test, minus that of 200 epochs', test, allowed(LEAST_SMALL.recipe, noise.test)),
    atLeast('three shards: the same', shards, allowed(LEAST_SMALL.shards, noise.test)),
  ];
}
