import { Stopwatch } from '../../base/stopwatch.js';
import { labelsOf } from '../../engine/dataset.js';
import type { PhasedOptions } from '../../engine/phases.js';
import type { RecordedRecipe } from '../../engine/training-recipe.js';
import { STEADY } from '../recipes.js';
import { sampleRows } from '../sample.js';
import type { TrainingRun } from '../training-run.js';
import { epochsOf, Ladder } from './ladder.js';
import { cheapestOf, type Rung } from './rungs.js';
import { holdOut } from './validation-slice.js';

/** A smaller slice says nothing: the shortest steady run is taken. */
const FEWEST_VALIDATION_ROWS = 20;
/** The largest sample of training rows that is looked at. */
const MOST_TRAINING_ROWS = 5000;

/** How a recipe was chosen. */
export interface RecipeChoice {
  readonly recipe: RecordedRecipe;
  /** In the order in which they were tried, from the cheapest. */
  readonly rungs: readonly Rung[];
  /** The rows held out to compare them. */
  readonly validationRows: number;
  /** Of all trainings that served the choice alone. */
  readonly multiplyAdds: number;
  readonly reasons: readonly string[];
}

/**
 * Climbs a ladder of recipes, trained on all rows but a validation slice: `fast` where its check
 * passes, then `steady` for 1.9, 5 and 10 epochs, until held-out accuracy stops growing. Takes the
 * cheapest that is not worse beyond the noise of the slice.
 *
 * @param owners [dataset rows]; the slice takes whole owners if they are given
 */
export async function chooseRecipe(
  run: TrainingRun,
  owners: Uint32Array | undefined,
  options: PhasedOptions,
): Promise<RecipeChoice> {
  const { dataset, rows, watch, widths, seed } = run;
  const { validation, training } = holdOut(rows, owners, seed);
  if (validation.length < FEWEST_VALIDATION_ROWS) {
    const reasons = [`${validation.length} rows could be held out: no choice was made`];
    return { recipe: STEADY, rungs: [], validationRows: 0, multiplyAdds: 0, reasons };
  }
  const ladder = new Ladder(
    { ...run, rows: training, watch: new Stopwatch() },
    validation,
    sampleRows(training, MOST_TRAINING_ROWS, seed),
    options,
  );
  await ladder.tryFast();
  await ladder.trySteady();
  watch.lap('choose');
  const { tried, multiplyAdds } = ladder;
  const { recipe } = cheapestOf(tried, validation.gather(labelsOf(dataset)), widths.at(-1)!);
  return {
    ...{ recipe, validationRows: validation.length, multiplyAdds },
    rungs: tried.map(({ hits: _, ...rung }) => rung),
    reasons: [...ladder.reasons, ...tried.map(describe)],
  };
}

function describe({ recipe, validation, training }: Rung): string {
  const length = recipe.name === 'steady' ? ` for ${epochsOf(recipe)} epochs` : '';
  return (
    `${recipe.name}${length}: ${validation.accuracy.toFixed(1)} % of the held-out rows, ` +
    `${training.accuracy.toFixed(1)} % of the others`
  );
}
