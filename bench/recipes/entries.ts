import type { TrainModelOptions } from 'lethe';
import { BenchError } from '../support/bench-error.js';

/** A recipe as the bench asks for it. */
export interface RecipeEntry {
  readonly name: string;
  readonly options: Pick<TrainModelOptions, 'recipe' | 'epochs'>;
  /**
   * `chooser`: it chooses a recipe, and is asked a second time with half of the rows. `length`: a
   * longer run of a recipe, among which a chooser chooses.
   */
  readonly role?: 'chooser' | 'length';
  /** Runs exactRetrain on a model that records no recipe, instead of trainModel. */
  readonly isUnrecorded?: boolean;
  /** Runs only where it is named: it is M0's own recipe. */
  readonly isOnlyNamed?: boolean;
}

export const RECIPES: readonly RecipeEntry[] = [
  { name: 'steady', options: { recipe: 'steady' } },
  { name: 'steady-5', options: { recipe: 'steady', epochs: 5 }, role: 'length' },
  { name: 'steady-10', options: { recipe: 'steady', epochs: 10 }, role: 'length' },
  { name: 'fast', options: { recipe: 'fast' } },
  { name: 'unrecorded', options: {}, isUnrecorded: true },
  { name: 'auto', options: { recipe: 'auto' }, role: 'chooser' },
  { name: 'plain', options: { recipe: 'plain' }, isOnlyNamed: true },
];

/** @throws {BenchError} ERR_UNKNOWN_RECIPE */
export function selectRecipes(names: readonly string[] | undefined): RecipeEntry[] {
  if (!names) return RECIPES.filter(({ isOnlyNamed }) => !isOnlyNamed);
  return names.map((name) => {
    const entry = RECIPES.find((recipe) => recipe.name === name);
    if (entry) return entry;
    const known = RECIPES.map((recipe) => recipe.name).join(', ');
    throw new BenchError('ERR_UNKNOWN_RECIPE', `there is no recipe "${name}", but: ${known}`);
  });
}
