import { foldWork, forwardWork, mapWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { foldLinearMap, mapDataset } from '../../engine/linear-map.js';
import type { Model } from '../../engine/model.js';
import { inPhase, type PhasedOptions } from '../../engine/phases.js';
import { trustedRows } from '../../engine/row-set.js';
import { withoutProgress } from '../../engine/run.js';
import { divergence } from '../divergence.js';
import { countHits, hitsOf } from '../quality.js';
import { atPositions, samplePositions } from '../sample.js';
import type { TrainingRun, TrainingWork } from '../training-run.js';
import { trainNarrowNets } from './narrow-nets.js';
import { type FastOptions, type FastRecipe, fastRecipe } from './options.js';
import { fitProjection, type Projection } from './projection.js';
import { type Scored, scoreRows, scorerWork } from './scorer.js';
import { recipeSeeds } from './seeds.js';

/** Fewer rows are learnt by the steady recipe, which costs little for them. */
const FEWEST_ROWS = 1000;
/** Networks with fewer hidden units are hardly larger than the scorer. */
const FEWEST_UNITS = 32;
/** Rows from which the projection is fitted, and on which the networks are checked. */
const SAMPLE_ROWS = 1000;

/** What the recipe has come to; without a model another recipe must take its place. */
export interface FastResult extends TrainingWork {
  readonly model?: Model;
  /** Accuracy on a sample of the rows, in percent. */
  readonly accuracy?: number;
}

/** Why the recipe is not made for these widths or so few rows; undefined if it is. */
export function obstacleToFast(widths: readonly number[], rows: number): string | undefined {
  if (rows < FEWEST_ROWS) return `under ${FEWEST_ROWS} rows`;
  if (widths.length === 2 || widths[1]! < FEWEST_UNITS) return `under ${FEWEST_UNITS} hidden units`;
  return undefined;
}

/** The sample of the rows from which everything is fitted. */
export function fastSample(rows: number, seed: number): Uint32Array {
  return samplePositions(rows, Math.min(SAMPLE_ROWS, rows >>> 1), seed);
}

/** Fits the projection to a sample of the rows. */
export function projectionFor(
  { widths, dataset, rows, seed }: TrainingRun,
  recipe: FastRecipe,
  options: PhasedOptions,
): Promise<Projection | undefined> {
  return fitProjection(dataset, atPositions(rows, fastSample(rows.length, seed)), {
    ...recipe,
    ...{ classes: widths.at(-1)!, seed: recipeSeeds(seed).projection, threads: options.threads },
  });
}

/**
 * Trains narrow networks on principal components, on the rows that a thin network finds hardest and
 * on samples of the others, and merges them into one network of the given widths.
 *
 * @param fitted the projection, where it has been fitted and accounted for already
 */
export async function trainFast(
  run: TrainingRun,
  fastOptions: FastOptions,
  options: PhasedOptions,
  fitted?: Projection,
): Promise<FastResult> {
  const { widths, rows, dataset, watch } = run;
  const recipe = fastRecipe(widths, rows.length, fastOptions);
  const obstacle = obstacleToFast(widths, rows.length);
  if (obstacle) return { steps: 0, multiplyAdds: 0, reasons: [obstacle] };
  const projection = fitted ?? (await projectionFor(run, recipe, options));
  if (!projection) {
    return { steps: 0, multiplyAdds: 0, reasons: ['no feature varies enough to project'] };
  }
  const reasons = [...projection.reasons];
  const prepared = await prepare(run, recipe, projection, options);
  let multiplyAdds = (fitted ? 0 : projection.multiplyAdds) + prepared.multiplyAdds;
  const { projected, scored } = prepared;
  if (!projected) {
    return { steps: 0, multiplyAdds, reasons: [...reasons, 'values too far apart to project'] };
  }
  if (scored && !scored.rows) {
    const percent = (100 * scored.accuracy).toFixed(1);
    reasons.push(`a thin network is right on ${percent} % only: all rows are visited alike`);
  }
  const { model, reason, ...nets } = await trainNarrowNets(
    projected,
    {
      ...{ recipe, hardest: scored?.rows, classes: widths.at(-1)! },
      seeds: recipeSeeds(run.seed).nets,
    },
    options,
  );
  reasons.push(reason);
  const { steps } = nets;
  multiplyAdds += nets.multiplyAdds;
  watch.lap('train');
  if (!model) return { steps, multiplyAdds, reasons: [...reasons, 'diverged'] };

  const sample = trustedRows(projected, fastSample(rows.length, run.seed));
  const hits = await hitsOf(model, projected, sample, withoutProgress(options));
  const share = countHits(hits) / hits.length;
  multiplyAdds += sample.length * forwardWork(model.widths);
  if (scored && share < scored.accuracy) {
    return { steps, multiplyAdds, reasons: [...reasons, 'worse than a thin network'] };
  }
  const folded = await foldLinearMap(model, projection.map, {
    ...withoutProgress(options),
    inputs: dataset.columns,
  });
  multiplyAdds += foldWork(dataset.columns, projected.columns, widths[1]!);
  watch.lap('train');
  return { model: folded, accuracy: 100 * share, steps, multiplyAdds, reasons };
}

/**
 * Projects the rows to train on, and no others, and finds the hardest of them; nothing is projected
 * where values are too far apart.
 */
async function prepare(
  { widths, rows, dataset, seed, watch }: TrainingRun,
  recipe: FastRecipe,
  { map }: Projection,
  options: PhasedOptions,
) {
  const classes = widths.at(-1)!;
  let multiplyAdds = mapWork(rows.length, map);
  let projected: Dataset | undefined;
  let scored: Scored | undefined;
  const diverged = await divergence(async () => {
    projected = await mapDataset(dataset, map, { ...inPhase('project', options), rows });
    watch.lap('project');
    if (recipe.hardestShare === 0) return;
    // Counted before, because a scorer that diverges has been paid for too.
    multiplyAdds += scorerWork(projected, classes);
    const scorer = { ...recipe, classes, seed: recipeSeeds(seed).scorer };
    scored = await scoreRows(projected, scorer, inPhase('score', options));
    watch.lap('score');
  });
  return diverged ? { multiplyAdds } : { projected, scored, multiplyAdds };
}
