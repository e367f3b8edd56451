import type { Dataset } from '../engine/dataset.js';
import {
  type ColumnStatistics,
  columnStatistics,
  squaredNorms,
} from '../engine/principal-components.js';
import { positionsOf, type RowSet } from '../engine/row-set.js';

/** What is subtracted from each column, and what the difference is multiplied by. */
export interface ColumnScales {
  readonly centres: Float64Array;
  /** 0 for a column that does not vary, or not within the range of float32. */
  readonly scales: Float64Array;
  /** The number of columns with a scale above 0. */
  readonly varying: number;
  /** A power of two near the median of the scales. */
  readonly unit: number;
}

/** Added to every variance, as a share of their median: nearly constant columns stay small. */
const FLOOR = 0.01;
/** The smallest and largest ratio of a scale and the median: their squares are float32 numbers. */
const SMALLEST = 1e-17;
const LARGEST = 1e17;
/** The smallest and largest scale: well within the range of float32. */
const LEAST = 1e-35;
const MOST = 1e35;

/**
 * Half-whitening: each column is divided by the fourth root of its variance, so that scales differ
 * by the square root of what they did. Full standardization would make as much of a rare or noisy
 * column as of any other; no scaling would let the largest columns decide alone. One factor then
 * makes the mean variance of the columns that vary 1.
 */
export function halfWhitening({ means, variances }: ColumnStatistics): ColumnScales {
  const sorted = variances.filter((variance) => variance > 0).sort();
  const floor = FLOOR * (sorted[sorted.length >> 1] ?? 0);
  // Roots are rounded alike everywhere; powers and logarithms are not.
  const scales = variances.map((variance) =>
    variance > 0 ? 1 / Math.sqrt(Math.sqrt(variance + floor)) : 0,
  );
  const ascending = scales.filter((scale) => scale > 0).sort();
  const median = ascending[ascending.length >> 1] ?? 1;
  // Before the factor: what is left out must not make all others small.
  const inRange = scales.map((scale) => (within(scale / median, SMALLEST, LARGEST) ? scale : 0));
  const total = variances.reduce((sum, v, j) => sum + v * inRange[j]! * inRange[j]!, 0);
  const kept = inRange.reduce((count, scale) => count + Number(scale > 0), 0);
  const factor = total > 0 ? Math.sqrt(kept / total) : 1;
  const scaled = inRange.map((scale) => (within(factor * scale, LEAST, MOST) ? factor * scale : 0));
  const unit = powerOfTwoBelow(Math.min(MOST, Math.max(LEAST, factor * median)));
  const varying = scaled.reduce((count, scale) => count + Number(scale > 0), 0);
  return { centres: means, scales: scaled, varying, unit };
}

/** The largest power of two that is not above the value. */
function powerOfTwoBelow(value: number): number {
  let power = 1;
  while (power > value) power /= 2;
  while (power * 2 <= value) power *= 2;
  return power;
}

const within = (value: number, least: number, most: number) => value >= least && value <= most;

/** Columns of rows, of which outliers weigh less. */
export interface ScaledRows {
  readonly columns: ColumnScales;
  /** [dataset rows], factors of the rows' gradients; undefined: all are 1. */
  readonly weights: Float32Array | undefined;
  /** The rows without a part in the scales. */
  readonly outliers: number;
}

/** A row is an outlier if its squared norm is over this multiple of the median's. */
const OUTLYING = 25;
/** The largest multiple that a row's squared norm may have at full weight. */
const FULL_WEIGHT = 6.25;

/**
 * Half-whitens the columns of these rows. Few rows far from all others would take the scales for
 * themselves: they have no part in the statistics, and the farther a row is, the less it weighs, so
 * that no gradient is much larger than the others.
 */
export async function scaleRows(
  dataset: Dataset,
  rows: RowSet,
  threads?: number,
): Promise<ScaledRows> {
  let columns = halfWhitening(await columnStatistics(dataset, rows, threads));
  let norms = await squaredNorms(dataset, rows, columns, threads);
  const limit = OUTLYING * medianOf(norms);
  const usual = rows.filter((_, i) => norms[i]! <= limit);
  const outliers = rows.length - usual.length;
  if (outliers > 0 && usual.length > 0) {
    columns = halfWhitening(await columnStatistics(dataset, usual, threads));
    norms = await squaredNorms(dataset, rows, columns, threads);
  }
  const full = FULL_WEIGHT * medianOf(norms);
  if (full === 0 || !norms.some((norm) => norm > full)) {
    return { columns, weights: undefined, outliers };
  }
  const weights = new Float32Array(dataset.rows);
  positionsOf(rows).forEach((row, i) => {
    weights[row] = Math.min(1, full / norms[i]!);
  });
  return { columns, weights, outliers };
}

function medianOf(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1] ?? 0;
}
