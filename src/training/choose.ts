import { Stopwatch } from '../base/stopwatch.js';
import { forwardWork } from '../engine/cost.js';
import type { Model } from '../engine/model.js';
import type { PhasedOptions } from '../engine/phases.js';
import { positionsOf, type RowSet } from '../engine/row-set.js';
import { withoutProgress } from '../engine/run.js';
import type { RecordedRecipe } from '../engine/training-recipe.js';
import { isDivergence } from './divergence.js';
import { checkFast } from './fast/check.js';
import { trainFast } from './fast/fast.js';
import { countClasses, hitsOf, type Quality, qualityOf } from './quality.js';
import { FAST, STEADY } from './recipes.js';
import { samplePositions, sampleRows } from './sample.js';
import { STEADY_EPOCHS, steadyLength, trainSteadily } from './steady.js';
import type { TrainingRun } from './training-run.js';

/** The rungs of the steady recipe, each tried where the one before gained. */
const LENGTHS: readonly RecordedRecipe[] = [
  STEADY,
  Object.freeze({ name: 'steady', epochs: 5 }),
  Object.freeze({ name: 'steady', epochs: 10 }),
];
const VALIDATION_SHARE = 0.1;
const MOST_VALIDATION_ROWS = 5000;
/** A smaller slice says nothing: the shortest steady run is taken. */
const FEWEST_VALIDATION_ROWS = 20;
/** The largest sample of training rows that is looked at. */
const MOST_TRAINING_ROWS = 5000;
/** A longer training must gain more held-out accuracy, in points, for a still longer one to be tried. */
const LEAST_GAIN = 0.2;
/** Differences of held-out accuracy to the best, in points, that are not worth a dearer recipe. */
const NEGLIGIBLE = 0.5;
/** How many points of training accuracy the fast recipe may lose to the steady one. */
const TRAINING_TOLERANCE = 1;
/** How many points of a class's recall a cheaper recipe may lose beyond chance. */
const RECALL_TOLERANCE = 5;

/** One of the recipes that were tried. */
export interface Rung {
  readonly recipe: RecordedRecipe;
  /** On the validation slice. */
  readonly validation: Quality;
  /** On a sample of the rows that it was trained on. */
  readonly training: Quality;
  readonly multiplyAdds: number;
}

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

/** A rung with what is compared row by row. */
interface Tried extends Rung {
  readonly hits: Uint8Array;
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
  const { validation, training } = split(rows, owners, seed);
  if (validation.length < FEWEST_VALIDATION_ROWS) {
    const reasons = [`${validation.length} rows could be held out: no choice was made`];
    return { recipe: STEADY, rungs: [], validationRows: 0, multiplyAdds: 0, reasons };
  }
  const seen = sampleRows(training, MOST_TRAINING_ROWS, seed);
  const labels = { validation: labelsOf(run, validation), seen: labelsOf(run, seen) };
  const classes = widths.at(-1)!;
  const within = { ...run, rows: training, watch: new Stopwatch() };
  const silent = withoutProgress(options);
  const tried: Tried[] = [];
  let multiplyAdds = 0;
  const judge = async (recipe: RecordedRecipe, model: Model, work: number) => {
    const hits = await hitsOf(model, dataset, validation, silent);
    const seenHits = await hitsOf(model, dataset, seen, silent);
    multiplyAdds += work + (validation.length + seen.length) * forwardWork(widths);
    tried.push({
      ...{ recipe, hits, multiplyAdds: work },
      validation: qualityOf(hits, labels.validation, classes),
      training: qualityOf(seenHits, labels.seen, classes),
    });
  };

  const reasons: string[] = [];
  const check = await checkFast(within, options);
  multiplyAdds += check.multiplyAdds;
  reasons.push(`fast ${check.passes ? 'is tried' : 'is not tried'}: ${check.reason}`);
  if (check.passes) {
    const fast = await trainFast(within, {}, options, check.projection);
    if (fast.model) await judge(FAST, fast.model, fast.multiplyAdds);
    else multiplyAdds += fast.multiplyAdds;
  }
  const lengths = new Set<number>();
  for (const recipe of LENGTHS) {
    // Few rows are visited so often that a longer recipe is the same.
    const { steps } = steadyLength(training.length, epochsOf(recipe));
    if (lengths.has(steps)) continue;
    lengths.add(steps);
    try {
      const steady = await trainSteadily(within, epochsOf(recipe), options);
      await judge(recipe, steady.model, steady.multiplyAdds);
    } catch (error) {
      if (lengths.size === 1 || !isDivergence(error)) throw error;
      reasons.push(`steady for ${epochsOf(recipe)} epochs diverged`);
      break;
    }
    const [before, last] = tried.filter(({ recipe }) => recipe.name === 'steady').slice(-2);
    if (last && !gains(before!, last)) break;
  }
  watch.lap('choose');
  const chosen = cheapest(tried, labels.validation, classes);
  reasons.push(...tried.map(describe));
  return {
    ...{ recipe: chosen.recipe, validationRows: validation.length, multiplyAdds, reasons },
    rungs: tried.map(({ hits: _, ...rung }) => rung),
  };
}

function labelsOf({ dataset }: TrainingRun, rows: RowSet): Uint32Array {
  return rows.gather(dataset.labels);
}

function epochsOf({ epochs }: RecordedRecipe): number {
  return typeof epochs === 'number' ? epochs : STEADY_EPOCHS;
}

function describe({ recipe, validation, training }: Tried): string {
  const length = recipe.name === 'steady' ? ` for ${epochsOf(recipe)} epochs` : '';
  return (
    `${recipe.name}${length}: ${validation.accuracy.toFixed(1)} % of the held-out rows, ` +
    `${training.accuracy.toFixed(1)} % of the others`
  );
}

/** A random tenth of the rows, or of the owners; the rest keeps its order. */
function split(rows: RowSet, owners: Uint32Array | undefined, seed: number) {
  const wanted = Math.min(MOST_VALIDATION_ROWS, Math.round(VALIDATION_SHARE * rows.length));
  const order = samplePositions(rows.length, rows.length, seed);
  const isHeldOut = new Uint8Array(rows.length);
  if (!owners) {
    for (const position of order.subarray(0, wanted)) isHeldOut[position] = 1;
  } else {
    const positions = positionsOf(rows);
    let count = 0;
    const members = new Map<number, number[]>();
    positions.forEach((row, position) => {
      const owner = owners[row]!;
      const own = members.get(owner);
      if (own) own.push(position);
      else members.set(owner, [position]);
    });
    // Owners in the order in which a random order of the rows first meets them, none of which may
    // take more than is left.
    for (const position of order) {
      const owner = owners[positions[position]!]!;
      const own = members.get(owner) ?? [];
      members.delete(owner);
      if (own.length === 0 || count + own.length > wanted) continue;
      for (const member of own) isHeldOut[member] = 1;
      count += own.length;
    }
  }
  return {
    validation: rows.filter((_, position) => isHeldOut[position] === 1),
    training: rows.filter((_, position) => isHeldOut[position] === 0),
  };
}

/** The mean of b - a over rows, and its standard error: both in points. */
function difference(a: Uint8Array, b: Uint8Array) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const change = b[i]! - a[i]!;
    sum += change;
    squares += change * change;
  }
  return meanChange(a.length, sum, squares);
}

function meanChange(count: number, sum: number, squares: number) {
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  return { points: 100 * mean, error: 100 * Math.sqrt(variance / count) };
}

/** Whether the longer training is better on held-out rows beyond chance. */
function gains(shorter: Tried, longer: Tried): boolean {
  const { points, error } = difference(shorter.hits, longer.hits);
  return points > Math.max(LEAST_GAIN, error);
}

/** The first that is not worse than the best, neither over all rows nor in any class. */
function cheapest(tried: readonly Tried[], labels: Uint32Array, classes: number): Tried {
  const steady = tried.find(({ recipe }) => recipe.name === 'steady')!;
  const fit = tried.filter((rung) => {
    if (rung.recipe.name !== 'fast') return true;
    const lost = steady.training.accuracy - rung.training.accuracy;
    return lost <= TRAINING_TOLERANCE && !losesAClass(rung, steady, labels, classes);
  });
  const best = fit.reduce((a, b) => (b.validation.accuracy > a.validation.accuracy ? b : a));
  return fit.find((rung) => {
    if (rung === best) return true;
    const { points, error } = difference(rung.hits, best.hits);
    return points <= Math.max(NEGLIGIBLE, error) && !losesAClass(rung, best, labels, classes);
  })!;
}

/** Whether some class is recalled less often, beyond chance. */
function losesAClass(a: Tried, b: Tried, labels: Uint32Array, classes: number): boolean {
  const members = countClasses(labels, classes);
  const sums = new Int32Array(classes);
  const squares = new Uint32Array(classes);
  labels.forEach((label, i) => {
    const change = b.hits[i]! - a.hits[i]!;
    sums[label]! += change;
    squares[label]! += change * change;
  });
  return members.some((count, label) => {
    if (count === 0) return false;
    const { points, error } = meanChange(count, sums[label]!, squares[label]!);
    return points > Math.max(RECALL_TOLERANCE, 2 * error);
  });
}
