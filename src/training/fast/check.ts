import { Stopwatch } from '../../base/stopwatch.js';
import { forwardWork, mapWork, trainingWork } from '../../engine/cost.js';
import { labelsOf } from '../../engine/dataset.js';
import { mapDataset } from '../../engine/linear-map.js';
import type { PhasedOptions } from '../../engine/phases.js';
import { type SilentOptions, withoutProgress } from '../../engine/run.js';
import { type ScaledRows, scaleRows } from '../outliers.js';
import { plainWork } from '../plain.js';
import { countClasses, countHits, hitsOf } from '../quality.js';
import { atPositions, samplePositions } from '../sample.js';
import { trainOneCycle } from '../steady.js';
import type { TrainingRun } from '../training-run.js';
import { obstacleToFast, projectionFor } from './fast.js';
import { type FastRecipe, fastRecipe } from './options.js';
import { MOST_FEATURES_KEPT, type Projection } from './projection.js';
import { recipeSeeds } from './seeds.js';

/** The smallest class must have this share of the mean class's rows. */
const SMALLEST_CLASS = 0.2;
/** The most that the recipe may cost, as a share of the plain one. */
const LARGEST_COST = 0.06;
const MOST_ROWS = 2000;
/** How many points of held-out accuracy the components may cost. */
const TOLERANCE = 2;
/** The share of the first hidden layer's units that the small networks have. */
const UNITS_SHARE = 16;
const BATCH = 64;
/** The projected features are few, so that a longer training costs little. */
const STEPS = { features: 150, components: 300 };

/** Whether the fast recipe is likely to lose nothing on these rows, and what it took to find out. */
export interface FastCheck {
  readonly passes: boolean;
  readonly reason: string;
  readonly multiplyAdds: number;
  /** Fitted to all rows, for the recipe to use. */
  readonly projection?: Projection;
}

/**
 * Tries the projection on a few rows: two small networks, one on all features and one on the
 * projected ones, are compared on rows that they have not seen.
 */
export async function checkFast(run: TrainingRun, options: PhasedOptions): Promise<FastCheck> {
  const { widths, rows, watch } = run;
  const recipe = fastRecipe(widths, rows.length, {});
  const obstacle = obstacleToFast(widths, rows.length) ?? obstacleInRows(run, recipe);
  if (obstacle) return { passes: false, reason: obstacle, multiplyAdds: 0 };
  const projection = await projectionFor(run, recipe, options);
  watch.lap('project');
  if (!projection) {
    return { passes: false, reason: 'no feature varies enough to project', multiplyAdds: 0 };
  }
  const { onFeatures, onComponents, multiplyAdds } = await compare(run, projection, options);
  watch.lap('check');
  return {
    passes: onComponents >= onFeatures - TOLERANCE,
    reason:
      `small networks reach ${onFeatures.toFixed(1)} % on the features, ` +
      `${onComponents.toFixed(1)} % on the components`,
    multiplyAdds: projection.multiplyAdds + multiplyAdds,
    projection,
  };
}

function obstacleInRows(run: TrainingRun, recipe: FastRecipe): string | undefined {
  const { widths, dataset, rows } = run;
  if (dataset.columns <= MOST_FEATURES_KEPT) return `at most ${MOST_FEATURES_KEPT} features`;
  const members = countClasses(rows.gather(labelsOf(dataset)), widths.at(-1)!);
  const present = members.filter((count) => count > 0);
  const smallest = present.reduce((least, count) => Math.min(least, count));
  if (smallest < (SMALLEST_CLASS * rows.length) / present.length) return 'a rare class';
  const cost = likelyWork(run, recipe) / plainWork(widths, rows.length);
  if (cost <= LARGEST_COST) return undefined;
  return `it would cost about ${Math.round(100 * cost)} % of the plain recipe`;
}

/** About what the check and the recipe cost with as many components as it may take. */
function likelyWork({ widths, dataset, rows }: TrainingRun, recipe: FastRecipe): number {
  const components = Math.min(recipe.mostComponents, dataset.columns);
  const perStep = recipe.hidden.reduce(
    (sum, hidden) => sum + trainingWork([components, ...hidden, widths.at(-1)!]),
    0,
  );
  const check =
    BATCH *
    (STEPS.features * trainingWork([dataset.columns, ...hiddenOf(widths), widths.at(-1)!]) +
      STEPS.components * trainingWork([components, ...hiddenOf(widths), widths.at(-1)!]));
  const map = rows.length * components * dataset.columns;
  return check + map + recipe.steps * recipe.batchSize * perStep;
}

/** One narrow hidden layer tells as well as the network's own what the components have lost. */
function hiddenOf(widths: readonly number[]): number[] {
  return [Math.ceil(widths[1]! / UNITS_SHARE)];
}

/** Two small networks, one on all features and one on the components. */
async function compare(run: TrainingRun, { map }: Projection, options: PhasedOptions) {
  const { dataset, rows, seed } = run;
  const trained = Math.min(MOST_ROWS, Math.floor(rows.length / 12));
  const heldOut = Math.min(MOST_ROWS, Math.floor(rows.length / 10));
  const drawn = atPositions(
    rows,
    samplePositions(rows.length, trained + heldOut, recipeSeeds(seed).check),
  );
  const silent = withoutProgress(options);
  const scaled = await scaleRows(dataset, drawn.slice(0, trained), options.threads);
  const projected = await mapDataset(dataset, map, { ...silent, rows: drawn });
  const onFeatures = await trySmall(
    { ...run, rows: drawn },
    { trained, steps: STEPS.features, scaled },
    silent,
  );
  const onComponents = await trySmall(
    { ...run, dataset: projected, rows: projected.allRows() },
    { trained, steps: STEPS.components },
    silent,
  );
  return {
    onFeatures: onFeatures.accuracy,
    onComponents: onComponents.accuracy,
    multiplyAdds: mapWork(drawn.length, map) + onFeatures.multiplyAdds + onComponents.multiplyAdds,
  };
}

interface Trial {
  /** So many of the rows, the first, are learnt; the others judge. */
  readonly trained: number;
  readonly steps: number;
  readonly scaled?: ScaledRows;
}

/** The accuracy of a small network on rows that it has not seen, in percent, and what it took. */
async function trySmall(
  { widths, dataset, rows, seed }: TrainingRun,
  { trained, steps, scaled }: Trial,
  options: SilentOptions,
) {
  const small = [dataset.columns, ...hiddenOf(widths), widths.at(-1)!];
  const { model, multiplyAdds } = await trainOneCycle(
    {
      ...{ widths: small, dataset, rows: rows.slice(0, trained), seed, watch: new Stopwatch() },
      ...{ scaled, length: { steps, batchSize: Math.min(BATCH, trained) } },
    },
    options,
  );
  const unseen = rows.slice(trained);
  const hits = await hitsOf(model, dataset, unseen, options);
  return {
    accuracy: (100 * countHits(hits)) / hits.length,
    multiplyAdds: multiplyAdds + unseen.length * forwardWork(small),
  };
}
