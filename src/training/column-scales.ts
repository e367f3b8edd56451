import type { InputScaling } from '../engine/pass.js';
import type { ColumnStatistics } from '../engine/principal-components.js';

/** What is subtracted from each column, and what the difference is multiplied by. */
export interface ColumnScales {
  readonly centres: Float64Array;
  /** 0 for a column that does not vary, or not within the range of float32. */
  readonly scales: Float64Array;
  /** The number of columns with a scale above 0. */
  readonly varying: number;
  /** A power of two that divides the scales, so that their squares are float32 numbers. */
  readonly unit: number;
}

/** Added to every variance, as a share of their median: nearly constant columns stay small. */
const FLOOR = 0.01;
/**
 * The largest scaled variance, as a multiple of the median's: one column of huge values, such as a
 * time or an identifier, must not hide all others.
 */
const LARGEST_VARIANCE = 100;
/** The smallest and largest scale of a column, and square of its ratio to the unit. */
const LEAST = 1e-35;
const MOST = 1e35;
/** Inputs times the unit should stay below the first and must below the second: they are summed. */
const LARGEST_INPUT = 1e30;
const LARGEST_SUM = 1e34;
/** A column's values are taken to lie within so many standard deviations of its mean. */
const REACH = 1000;

/**
 * Half-whitening: each column is divided by the fourth root of its variance, so that scales differ
 * by the square root of what they did. Full standardization would make as much of a rare or noisy
 * column as of any other; no scaling would let the largest columns decide alone. One factor then
 * makes the mean variance of the columns that vary 1.
 */
export function halfWhitening({ means, variances }: ColumnStatistics): ColumnScales {
  const floor = FLOOR * medianOf(variances.filter((variance) => variance > 0));
  // Roots are rounded alike everywhere; powers and logarithms are not.
  const halved = variances.map((variance) =>
    variance > 0 ? 1 / Math.sqrt(Math.sqrt(variance + floor)) : 0,
  );
  const scaledVariances = variances.map((variance, j) => variance * halved[j]! * halved[j]!);
  const most = LARGEST_VARIANCE * medianOf(scaledVariances.filter((variance) => variance > 0));
  const capped = halved.map((scale, j) =>
    scaledVariances[j]! > most ? Math.sqrt(most / variances[j]!) : scale,
  );
  const reach = variances.reduce(
    (largest, variance, j) => Math.max(largest, Math.abs(means[j]!) + REACH * Math.sqrt(variance)),
    0,
  );
  const kept = inRangeOf(capped, reach).scales;
  // What is left out has no part in the factor: it must not make all others small.
  const total = variances.reduce((sum, v, j) => sum + v * kept[j]! * kept[j]!, 0);
  const factor = total > 0 ? Math.sqrt(countOf(kept) / total) : 1;
  const { scales, unit } = inRangeOf(
    kept.map((scale) => factor * scale),
    reach,
  );
  return { centres: means, scales, varying: countOf(scales), unit };
}

/** What trains a network on the columns as if it were one on the scaled columns. */
export function inputScalingOf({ centres, scales, unit }: ColumnScales): InputScaling {
  return {
    centres: Float32Array.from(centres),
    rates: Float32Array.from(scales, (scale) => (scale / unit) * (scale / unit)),
    unit,
  };
}

/**
 * A unit, and the scales that are in range with it; the others are 0. The median is a good unit
 * unless the largest inputs times it are out of range; then it is a smaller one, or the median of
 * the scales that it suits, whichever leaves more columns.
 */
function inRangeOf(scales: Float64Array, reach: number) {
  const present = scales.filter((scale) => scale > 0);
  const suited = present.filter((scale) => scale * reach <= LARGEST_INPUT);
  const units = [Math.min(medianOf(present), LARGEST_INPUT / reach), medianOf(suited)];
  const [first, second] = units.map((wanted) => {
    const unit = powerOfTwoBelow(Math.min(MOST, Math.max(LEAST, wanted)));
    const isInRange = (scale: number) =>
      within(scale) && within((scale / unit) * (scale / unit)) && unit * reach < LARGEST_SUM;
    return { unit, scales: scales.map((scale) => (isInRange(scale) ? scale : 0)) };
  });
  return countOf(first!.scales) >= countOf(second!.scales) ? first! : second!;
}

function countOf(scales: Float64Array): number {
  return scales.reduce((count, scale) => count + Number(scale > 0), 0);
}

/** The upper median; 1 of nothing. */
function medianOf(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1] ?? 1;
}

/** The largest power of two that is not above the value. */
function powerOfTwoBelow(value: number): number {
  let power = 1;
  while (power > value) power /= 2;
  while (power * 2 <= value) power *= 2;
  return power;
}

const within = (value: number) => value >= LEAST && value <= MOST;
