import {
  given,
  type KnownFields,
  requireFinite,
  requireInteger,
  requireKnownFields,
  requireNonNegative,
  requirePositive,
} from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import type { Model } from '../../engine/model.js';
import { addScaled, Parameters } from '../../engine/parameters.js';
import { scaleRows } from '../../training/outliers.js';
import { type CheckedRequest, unlearningMethod } from '../method.js';
import { naturalGradient } from '../steps/natural-gradient.js';
import { repair, shrinkWeights } from '../steps/sgd.js';
import {
  CLASS_OR_ROWS_OPTIONS,
  type ClassOrRowsOptions,
  chooseRecipe,
  clearClasses,
  FORGOTTEN_BIAS,
} from '../steps/whole-classes.js';

/**
 * The recipe `class` ascends the loss of the forget set and removes its classes from the last
 * layer; `rows` descends the loss of the retain set and ascends that of the forget set at once.
 * Defaults:
 * - `damping`: 0.1 (class), 0.001 (rows)
 * - `shrink`: 0.9 except in the first layer (class), 0.8 (rows)
 * - `steps`: 90 (class), 138 (rows)
 */
export interface KfacOptions extends ClassOrRowsOptions {
  /** The number of retain rows from which the Fisher information is computed; default 1,000. */
  readonly fisherRows?: number;
  /** The number of rows of each set for the gradient; default 1,000 (class), 4,000 (rows). */
  readonly gradientRows?: number;
  /**
   * The length of the step, as a multiple of the natural gradient; default 1 (class); 0.28 times
   * the ratio of forget rows to retain rows, at most 0.2 (rows).
   */
  readonly scale?: number;
}

const OPTIONS: KnownFields<KfacOptions> = {
  ...CLASS_OR_ROWS_OPTIONS,
  ...{ fisherRows: true, gradientRows: true, scale: true },
};

type Recipe = ReturnType<typeof recipeFor>;

const CLASS = { gradientRows: 1000, damping: 0.1, shrink: 0.9, steps: 90, rate: 0.02 };
const ROWS = { gradientRows: 4000, damping: 0.001, shrink: 0.8, steps: 138, rate: 0.05 };
/**
 * Tuned to 0.2 for a forget set of 70 % of the retain set; for a small one that would overshoot.
 */
const SCALE_OF_SHARE = 0.28;
const LARGEST_SCALE = 0.2;

/**
 * One natural gradient step away from the forget set, then smaller weights, then a repair on the
 * retain set: momentum 0.9, the learning rate falling from 0.02 (class) or 0.05 (rows) to 0. The
 * repair half-whitens the columns of the retain set, as the recipe `steady` does: at one rate for
 * all, it ruins a network on columns of many scales.
 *
 * Approximate, without any guarantee, and costlier than an exact retrain by the fast recipe. A step
 * that overshoots is not undone: look at the result's accuracy.
 * Source of the step: Martens, Grosse, "Optimizing neural networks with Kronecker-factored
 * approximate curvature", ICML 2015.
 */
export const kfac = unlearningMethod<KfacOptions>(async (checked, wanted) => {
  const options = requireKnownFields('options', wanted, OPTIONS);
  const recipe = recipeFor(checked, options);
  const { dataset, retain } = checked;
  const original = checked.model.clone();
  const watch = new Stopwatch();
  const natural = await naturalGradient(original, dataset, rowsOf(checked, recipe), {
    ...options,
    ...{ damping: recipe.damping, seed: recipe.seed },
  });
  const model = original.withParameters(stepped(original, natural.gradient, recipe));
  watch.lap('fisher');
  const scaled = await scaleRows(dataset, retain, options.threads);
  watch.lap('scale');
  const run = await repair(model, dataset, retain, { ...recipe, scaled }, options);
  watch.lap('train');
  return {
    model,
    steps: 1 + run.steps,
    seconds: watch.seconds,
    multiplyAdds: natural.multiplyAdds + scaled.multiplyAdds + run.multiplyAdds,
  };
});

/** The options with all defaults filled in. */
function recipeFor({ dataset, forget, retain }: CheckedRequest, options: KfacOptions) {
  const { name, classes } = chooseRecipe(options.recipe, dataset, { forget, retain });
  const { fisherRows = 1000, seed = 0 } = options;
  const isClass = name === 'class';
  const defaults = isClass ? CLASS : ROWS;
  const share = forget.length / retain.length;
  const { scale = isClass ? 1 : Math.min(SCALE_OF_SHARE * share, LARGEST_SCALE) } = options;
  const { gradientRows, damping, shrink, steps } = { ...defaults, ...given(options) };
  return {
    isClass,
    cleared: classes,
    seed: requireInteger('seed', seed, 0),
    fisherRows: requireInteger('fisherRows', fisherRows, 1),
    gradientRows: requireInteger('gradientRows', gradientRows, 1),
    damping: requirePositive('damping', damping),
    scale: requireNonNegative('scale', scale),
    shrink: requireFinite('shrink', shrink),
    steps: requireInteger('steps', steps, 1),
    rate: defaults.rate,
  };
}

/** Retain rows for the Fisher information, and rows for the gradient with signed weights. */
function rowsOf({ dataset, forget, retain }: CheckedRequest, recipe: Recipe) {
  const stream = new PhiloxStream(recipe.seed, PhiloxPurpose.fisherRows);
  const forgetSample = forget.shuffled(stream).slice(0, recipe.gradientRows);
  const retainOrder = retain.shuffled(stream);
  const retainSample = retainOrder.slice(0, recipe.isClass ? 0 : recipe.gradientRows);
  const rows = forgetSample.followedBy(retainSample);
  // With these weights the mean over all rows is the retain sample's mean minus the forget
  // sample's.
  const rowWeights = new Float32Array(dataset.rows);
  for (const row of forgetSample) rowWeights[row] = -rows.length / forgetSample.length;
  for (const row of retainSample) rowWeights[row] = rows.length / retainSample.length;
  return { rows, rowWeights, fisherRows: retainOrder.slice(0, recipe.fisherRows) };
}

/** The parameters after the step, with smaller weights and without the forgotten classes. */
function stepped(model: Model, step: Float32Array, recipe: Recipe): Float32Array {
  const parameters = new Parameters(model.widths, model.parameters());
  addScaled(parameters.values, -recipe.scale, step);
  shrinkWeights(parameters, recipe.shrink, recipe.isClass ? 1 : 0);
  clearClasses(parameters, recipe.cleared, FORGOTTEN_BIAS);
  return parameters.values;
}
