import { columnStatisticsWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import { columnStatistics, squaredNorms } from '../engine/principal-components.js';
import { positionsOf, type RowSet } from '../engine/row-set.js';
import { type ColumnScales, halfWhitening } from './column-scales.js';

/** Columns of rows, of which outliers weigh less. */
export interface ScaledRows {
  readonly columns: ColumnScales;
  /** [dataset rows], factors of the rows' gradients; undefined: all are 1. */
  readonly weights: Float32Array | undefined;
  /** The rows without a part in the scales. */
  readonly outliers: number;
  readonly multiplyAdds: number;
}

/** A row is an outlier if its squared norm is over this multiple of the usual one. */
const OUTLYING = 25;
/** The largest multiple of the usual squared norm that a row may have at full weight. */
const FULL_WEIGHT = 6.25;
/** The usual squared norm is the median, or this share of the 95th percentile if that is more. */
const SHARE_OF_HIGH = 0.25;
const HIGH = 0.95;
/** A column of a larger kurtosis is nearly constant but for rare values: of flags, under 5 %. */
const RARE = 20;
/** Rows from which the kurtosis is computed, evenly spread over all. */
const SAMPLE_ROWS = 1000;

/**
 * Half-whitens the columns of these rows. A few rows far from all others would take the scales for
 * themselves: they have no part in the statistics, and the farther a row is, the less it weighs, so
 * that no gradient is much larger than the others.
 *
 * Rows that only a rare value sets apart, a flag or an amount that is mostly 0, are no outliers but
 * what there is to learn: columns of such values have no part in the distance.
 */
export async function scaleRows(
  dataset: Dataset,
  rows: RowSet,
  threads?: number,
): Promise<ScaledRows> {
  let multiplyAdds = 0;
  // A squared norm costs as much as a row's part in the statistics.
  const count = ({ length }: RowSet) => {
    multiplyAdds += columnStatisticsWork(length, dataset.columns);
  };
  const scalesOf = async (of: RowSet) => {
    count(of);
    return halfWhitening(await columnStatistics(dataset, of, threads));
  };
  const normsOf = async (columns: ColumnScales) => {
    count(rows);
    return squaredNorms(dataset, rows, columns, threads);
  };

  const all = await scalesOf(rows);
  const norms = await normsOf(all);
  const unweighed = () => ({ columns: all, weights: undefined, outliers: 0, multiplyAdds });
  const limit = OUTLYING * usualNorm(norms);
  const near = rows.filter((_, i) => norms[i]! <= limit);
  if (near.length === rows.length || near.length === 0) return unweighed();

  const distances = await normsOf(withoutRareColumns(dataset, near, await scalesOf(near)));
  const usual = usualNorm(distances);
  const others = rows.filter((_, i) => distances[i]! <= OUTLYING * usual);
  if (usual === 0 || others.length === rows.length) return unweighed();
  const weights = new Float32Array(dataset.rows);
  positionsOf(rows).forEach((row, i) => {
    weights[row] = Math.min(1, (FULL_WEIGHT * usual) / distances[i]!);
  });
  const columns = await scalesOf(others);
  return { columns, weights, outliers: rows.length - others.length, multiplyAdds };
}

function usualNorm(norms: Float64Array): number {
  const sorted = norms.slice().sort();
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0;
  return Math.max(at(0.5), SHARE_OF_HIGH * at(HIGH));
}

/** The scales, 0 for columns of rare values. */
function withoutRareColumns(dataset: Dataset, rows: RowSet, columns: ColumnScales): ColumnScales {
  const step = Math.ceil(rows.length / SAMPLE_ROWS);
  const sample = rows.filter((_, i) => i % step === 0);
  const inputs = dataset.normalized(sample);
  const scales = columns.scales.map((scale, j) => {
    const values = Float64Array.from(sample, (_, i) => inputs[i * dataset.columns + j]!);
    return kurtosisOf(values) <= RARE ? scale : 0;
  });
  return { ...columns, scales };
}

/** The fourth central moment over the squared variance; infinite of a constant. */
function kurtosisOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let squares = 0;
  let fourths = 0;
  for (const value of values) {
    const square = (value - mean) * (value - mean);
    squares += square;
    fourths += square * square;
  }
  return squares > 0 ? (values.length * fourths) / (squares * squares) : Infinity;
}
