import type { RecipeRun, RecipeRuns, Run, SetFigures } from '../../recipes/measure.js';

export function toyRun(change: Partial<Run> = {}): Run {
  return {
    ...{ seed: 1, retain: 90, test: 80, macroRecall: 70, seconds: 2, multiplyAdds: 1000 },
    ...{ diverged: false, ...change },
  };
}

export function toyRecipe(
  name: string,
  runs: readonly Partial<RecipeRun>[],
  role?: RecipeRuns['role'],
): RecipeRuns {
  return {
    ...{ name, ...(role && { role }) },
    runs: runs.map((run) => ({ ...toyRun(run), choice: name, reasons: [], ...run })),
  };
}

/** Two seeds; M0 and M0' differ by 1, and by 3, in test. */
export function toyFigures(
  recipes: readonly RecipeRuns[],
  change: Partial<SetFigures> = {},
): SetFigures {
  return {
    ...{ name: 'toy', kind: 'table', isLikeMnist: false, widths: [4, 8, 2] },
    ...{ rows: 10_000, deletedRows: 10, testRows: 100 },
    mostFrequent: { retain: 50, test: 50, macroRecall: 50 },
    references: [81, 80, 81, 78].map((test) => toyRun({ test })),
    ...{ recipes, shards: [], ...change },
  };
}
