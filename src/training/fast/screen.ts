import { type Dataset, labelsOf } from '../../engine/dataset.js';
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
  const { columns } = scaled;
  const labels = sample.gather(labelsOf(dataset));
  const members = countClasses(labels, classes);
  const present = members.reduce((count, size) => count + Number(size > 0), 0);
  if (present < 2 || labels.length <= present) return [];
  const { means, within } = momentsOfClasses(dataset, sample, scaled, members);
  const { between, held } = projectMeans(means, members, directions, columns);
  const degrees = (labels.length - present) / (present - 1);
  const ratioOf = (explained: number, left: number) =>
    left > 0 ? (explained * degrees) / left : explained > 0 ? Infinity : 0;
  const ratio = between.map((value, i) => ratioOf(value, within[i]!));
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

/** The mean of each class, zeros of one without rows, and the sum of squares around them by column. */
function momentsOfClasses(
  dataset: Dataset,
  sample: RowSet,
  { columns, means: centres, scales }: ScaledColumns,
  members: Uint32Array,
): { means: Float64Array[]; within: Float64Array } {
  const inputs = dataset.normalized(sample);
  const labels = sample.gather(labelsOf(dataset));
  const sums = Array.from(members, () => new Float64Array(columns.length));
  const within = new Float64Array(columns.length);
  labels.forEach((label, row) => {
    const sum = sums[label]!;
    const from = row * dataset.columns;
    for (let i = 0; i < columns.length; i++) {
      const value = (inputs[from + columns[i]!]! - centres[i]!) * scales[i]!;
      sum[i]! += value;
      within[i]! += value * value;
    }
  });
  const means = sums.map((sum, label) => sum.map((value) => value / Math.max(1, members[label]!)));
  means.forEach((mean, label) => {
    for (let i = 0; i < within.length; i++) within[i]! -= members[label]! * mean[i]! * mean[i]!;
  });
  return { means, within };
}

/**
 * The variation between class means, as sums over rows: along each direction (`held`), and in each
 * column what the directions leave of it (`between`).
 */
function projectMeans(
  means: readonly Float64Array[],
  members: Uint32Array,
  directions: Directions,
  columns: Uint32Array,
): { between: Float64Array; held: Float64Array } {
  const place = new Map(Array.from(columns, (column, at) => [column, at]));
  const at = Uint32Array.from(directions.columns, (column) => place.get(column)!);
  const between = new Float64Array(columns.length);
  const held = new Float64Array(directions.count);
  means.forEach((mean, label) => {
    const size = members[label]!;
    const rest = mean.slice();
    removeDirections(rest, directions, at).forEach((value, direction) => {
      held[direction]! += size * value * value;
    });
    for (let i = 0; i < rest.length; i++) between[i]! += size * rest[i]! * rest[i]!;
  });
  return { between, held };
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
