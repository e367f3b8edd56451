import { summarize } from '../support/statistics.js';
import type { RecipeRuns, Run, SetFigures } from './measure.js';
import { MEASURES, type Quality } from './quality.js';

/** What a recipe changes on a data set, against the mean of all M0 there. */
export interface Change extends Quality {
  /** The least change of retain or test accuracy of any seed, in points. */
  readonly worst: number;
  /** Multiply-adds in % of M0's; null where a run has diverged. */
  readonly costPercent: number | null;
  /** The most of any seed. */
  readonly mostCostPercent: number | null;
  /** In % of M0's, of all seeds together; null where M0 has diverged and so has not run to its end. */
  readonly secondsPercent: number | null;
  readonly choices: readonly string[];
}

/** The qualities of M0: what there is to reach, and how sure it is. */
export interface Standard {
  readonly mean: Quality;
  /** The standard deviation of M0' - M0, whose mean is 0; 0 for a single pair that agrees. */
  readonly noise: Quality;
  /** How many of the runs have diverged. */
  readonly diverged: number;
}

export function standardOf({ references }: Pick<SetFigures, 'references'>): Standard {
  const meanOf = (measure: keyof Quality) => summarize(references.map((run) => run[measure])).mean;
  const noiseOf = (measure: keyof Quality) => {
    const differences = pairs(references).map(([m0, other]) => other[measure] - m0[measure]);
    const squares = differences.map((difference) => difference ** 2);
    return Math.sqrt(summarize(squares).mean);
  };
  return {
    ...{ mean: ofEach(meanOf), noise: ofEach(noiseOf) },
    diverged: references.filter(({ diverged }) => diverged).length,
  };
}

export function changeOf(figures: SetFigures, { runs }: RecipeRuns): Change {
  const { references } = figures;
  const { mean, diverged } = standardOf(figures);
  const changes = runs.map((run) => ofEach((measure) => run[measure] - mean[measure]));
  const costs = runs.map((run, i) => (100 * run.multiplyAdds) / references[2 * i]!.multiplyAdds);
  const hasCosts = costs.every(Number.isFinite);
  const secondsOf = (some: readonly Run[]) => summarize(some.map((run) => run.seconds)).mean;
  return {
    ...ofEach((measure) => summarize(changes.map((change) => change[measure])).mean),
    worst: Math.min(...changes.flatMap(({ retain, test }) => [retain, test])),
    costPercent: hasCosts ? summarize(costs).mean : null,
    mostCostPercent: hasCosts ? Math.max(...costs) : null,
    secondsPercent: diverged > 0 ? null : (100 * secondsOf(runs)) / secondsOf(references),
    choices: runs.map(({ choice }) => choice),
  };
}

/** M0 and M0' of each seed. */
function pairs(references: readonly Run[]): [Run, Run][] {
  return references.flatMap((run, i): [Run, Run][] =>
    i % 2 === 0 ? [[run, references[i + 1]!]] : [],
  );
}

function ofEach(value: (measure: keyof Quality) => number): Quality {
  const [retain, test, macroRecall] = MEASURES.map(value);
  return { retain: retain!, test: test!, macroRecall: macroRecall! };
}
