import type { Dataset } from '../../engine/dataset.js';
import type { ScaledColumns } from '../../engine/principal-components.js';
import type { RowSet } from '../../engine/row-set.js';
import { countClasses } from '../quality.js';

/** More columns beside the components would cost too much. */
const MOST_BESIDE = 32;
/** How far the ratio of variances must be above 1, in standard deviations of chance. */
const CLEARLY = 6;
/** And how large it must be, as a share of the largest of any direction. */
const NOTABLY = 0.25;

/** Orthonormal directions, [count, columns], of scaled columns. */
export interface Directions {
  readonly columns: Uint32Array;
  readonly values: Float32Array;
  readonly count: number;
  /** The variance along each, [count]. */
  readonly variances: Float64Array;
}

/**
 * The columns that tell classes apart in a way that the directions do not hold: what is left of the
 * class means after their projection on the directions is clearly more than chance would leave, as
 * the F test of an analysis of variance says, and of the order of what the directions hold. At most
 * 32, those of the largest differences.
 *
 * @param scaled all columns that vary
 */
export function columnsBeside(
  dataset: Dataset,
  sample: RowSet,
  scaled: ScaledColumns,
  directions: Directions,
  classes: number,
): number[] {
  const { columns, means, scales } = scaled;
  const inputs = dataset.normalized(sample);
  const labels = sample.gather(dataset.labels);
  const sums = Array.from({ length: classes }, () => new Float64Array(columns.length));
  const members = countClasses(labels, classes);
  const squares = new Float64Array(columns.length);
  labels.forEach((label, row) => {
    const sum = sums[label]!;
    const from = row * dataset.columns;
    for (let i = 0; i < columns.length; i++) {
      const value = (inputs[from + columns[i]!]! - means[i]!) * scales[i]!;
      sum[i]! += value;
      squares[i]! += value * value;
    }
  });
  const present = members.reduce((count, size) => count + Number(size > 0), 0);
  if (present < 2 || labels.length <= present) return [];

  const place = new Map(Array.from(columns, (column, at) => [column, at]));
  const at = Uint32Array.from(directions.columns, (column) => place.get(column)!);
  const between = new Float64Array(columns.length);
  const held = new Float64Array(directions.count);
  sums.forEach((sum, label) => {
    const size = members[label]!;
    if (size === 0) return;
    const mean = sum.map((value) => value / size);
    for (let i = 0; i < columns.length; i++) squares[i]! -= size * mean[i]! * mean[i]!;
    const projections = removeDirections(mean, directions, at);
    projections.forEach((value, direction) => {
      held[direction]! += size * value * value;
    });
    for (let i = 0; i < columns.length; i++) between[i]! += size * mean[i]! * mean[i]!;
  });
  const degrees = (labels.length - present) / (present - 1);
  const ratioOf = (explained: number, left: number) =>
    left > 0 ? (explained * degrees) / left : explained > 0 ? Infinity : 0;
  const ratio = between.map((value, i) => ratioOf(value, squares[i]!));
  const largest = held.reduce((most, value, direction) => {
    const total = labels.length * directions.variances[direction]!;
    return Math.max(most, ratioOf(value, total - value));
  }, 0);
  const limit = Math.max(1 + CLEARLY * Math.sqrt(2 / (present - 1)), NOTABLY * largest);
  return Array.from(columns.keys())
    .filter((i) => ratio[i]! > limit)
    .sort((a, b) => between[b]! - between[a]! || a - b)
    .slice(0, MOST_BESIDE)
    .map((i) => columns[i]!);
}

/** Subtracts the projections on the directions, whose columns lie at these places of the vector. */
function removeDirections(
  vector: Float64Array,
  { values, count }: Directions,
  at: Uint32Array,
): Float64Array {
  const projections = new Float64Array(count);
  for (let direction = 0; direction < count; direction++) {
    const first = direction * at.length;
    let dot = 0;
    for (let i = 0; i < at.length; i++) dot += values[first + i]! * vector[at[i]!]!;
    for (let i = 0; i < at.length; i++) vector[at[i]!]! -= dot * values[first + i]!;
    projections[direction] = dot;
  }
  return projections;
}
