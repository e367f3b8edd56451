import type { RecordedRecipe } from '../../engine/training-recipe.js';
import { countClasses, type Quality } from '../quality.js';

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

/** A rung with what is compared row by row. */
export interface TriedRung extends Rung {
  /** For each row of the validation slice 1 if it was predicted right, else 0. */
  readonly hits: Uint8Array;
}

/** Whether the longer training is better on held-out rows beyond chance. */
export function gains(shorter: TriedRung, longer: TriedRung): boolean {
  const { points, error } = change(shorter.hits, longer.hits);
  return points > Math.max(LEAST_GAIN, error);
}

/**
 * The first that is not worse than the best, neither over all rows nor in any class. Fast is out of
 * the question if the shortest steady training is better on training rows or in some class.
 *
 * @param tried from the cheapest, steady ones among them; @param labels of the validation slice
 */
export function cheapestOf(
  tried: readonly TriedRung[],
  labels: Uint32Array,
  classes: number,
): TriedRung {
  const steady = tried.find(({ recipe }) => recipe.name === 'steady')!;
  const fit = tried.filter((rung) => {
    if (rung.recipe.name !== 'fast') return true;
    const lost = steady.training.accuracy - rung.training.accuracy;
    return lost <= TRAINING_TOLERANCE && !losesAClass(rung, steady, labels, classes);
  });
  const best = fit.reduce((a, b) => (b.validation.accuracy > a.validation.accuracy ? b : a));
  return fit.find((rung) => {
    if (rung === best) return true;
    const { points, error } = change(rung.hits, best.hits);
    return points <= Math.max(NEGLIGIBLE, error) && !losesAClass(rung, best, labels, classes);
  })!;
}

/** Whether some class is recalled less often by `a` than by `b`, beyond chance. */
function losesAClass(a: TriedRung, b: TriedRung, labels: Uint32Array, classes: number): boolean {
  const members = countClasses(labels, classes);
  const sums = new Int32Array(classes);
  const squares = new Uint32Array(classes);
  labels.forEach((label, i) => {
    const difference = b.hits[i]! - a.hits[i]!;
    sums[label]! += difference;
    squares[label]! += difference * difference;
  });
  return members.some((count, label) => {
    if (count === 0) return false;
    const { points, error } = meanChange(count, sums[label]!, squares[label]!);
    return points > Math.max(RECALL_TOLERANCE, 2 * error);
  });
}

/** The mean of b - a over rows, and its standard error: both in points. */
function change(a: Uint8Array, b: Uint8Array) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = b[i]! - a[i]!;
    sum += difference;
    squares += difference * difference;
  }
  return meanChange(a.length, sum, squares);
}

function meanChange(count: number, sum: number, squares: number) {
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  return { points: 100 * mean, error: 100 * Math.sqrt(variance / count) };
}
