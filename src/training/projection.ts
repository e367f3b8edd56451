import { columnStatisticsWork, principalComponentsWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import type { LinearMap } from '../engine/linear-map.js';
import {
  columnStatistics,
  type PrincipalComponents,
  principalComponents,
  type ScaledColumns,
} from '../engine/principal-components.js';
import type { RowSet } from '../engine/row-set.js';

/** Data with at most this many features are not projected. */
const MOST_FEATURES_KEPT = 64;
/** The features with the largest variances are kept until they hold this share of the total. */
const KEPT_VARIANCE = 0.95;
/** The share of the kept features' variance that the components must hold. */
const COMPONENT_VARIANCE = 0.9;
const FEWEST_COMPONENTS = 16;
/** Two panels of the engine's kernels: one more component would cost as much as a whole panel. */
const FEW_COMPONENTS = 64;
/** FEW_COMPONENTS are enough if they hold this share of the kept features' variance. */
const FEW_VARIANCE = 0.88;
/** Features are scaled if the largest variance is above this multiple of the median. */
const UNEVEN = 20;
/**
 * Added to variances, as a share of their median: keeps scaling from amplifying nearly constant
 * features.
 */
const SCALE_FLOOR = 0.1;
/** The largest factor of a feature, and its inverse the smallest: well within float32's range. */
const LARGEST_SCALE = 1e34;

/** The choices of a projection; automatic rules decide what is undefined. */
export interface ProjectionOptions {
  /** Whether to divide features by roughly their standard deviation. */
  readonly scale: boolean | undefined;
  /** The number of principal components; `false`: only centre the features. */
  readonly components: number | false | undefined;
  /** The largest number of components that the automatic rule chooses. */
  readonly mostComponents: number;
  readonly seed: number;
  readonly threads?: number | undefined;
}

/** A linear map of the features, on which smaller networks are trained. */
export interface Projection {
  /** From the used columns, ascending, to the components; their mean variance is 1. */
  readonly map: LinearMap & Required<Pick<LinearMap, 'columns'>>;
  /** A description of what was done. */
  readonly reasons: readonly string[];
  readonly multiplyAdds: number;
}

/**
 * Chooses scale, features and principal components from a sample of the rows; no other rows are
 * read.
 *
 * @returns undefined if no feature varies, or if scaling to variance 1 would exceed float32's range
 */
export async function fitProjection(
  dataset: Dataset,
  sample: RowSet,
  options: ProjectionOptions,
): Promise<Projection | undefined> {
  const { means, variances } = await columnStatistics(dataset, sample);
  const scales = columnScales(variances, options.scale);
  const scaleOf = (column: number) => scales?.[column] ?? 1;
  const scaled = variances.map((variance, column) => variance * scaleOf(column) * scaleOf(column));
  if (!scaled.some((variance) => variance > 0)) return undefined;
  const { components = dataset.columns > MOST_FEATURES_KEPT ? 'enough' : false } = options;
  const columns = components === false ? varying(scaled) : largest(scaled);
  const reasons = [
    ...(scales ? ['features scaled: their variances differ widely'] : []),
    ...(columns.length < dataset.columns
      ? [`${columns.length} of ${dataset.columns} features used`]
      : []),
  ];
  const kept = columns.reduce((sum, column) => sum + scaled[column]!, 0);
  // Scales to mean variance 1, so that squares neither under- nor overflow in the search for
  // components.
  const unit = Math.sqrt(columns.length / kept);
  const chosen: ScaledColumns = {
    columns,
    means: Float64Array.from(columns, (column) => means[column]!),
    scales: Float64Array.from(columns, (column) => scaleOf(column) * unit),
  };
  if (chosen.scales.some((scale) => scale < 1 / LARGEST_SCALE || scale > LARGEST_SCALE)) {
    return undefined;
  }
  const statisticsWork = columnStatisticsWork(sample.length, dataset.columns);
  if (components === false) {
    return { map: centring(chosen), reasons, multiplyAdds: statisticsWork };
  }

  const { mostComponents, seed, threads } = options;
  let multiplyAdds = statisticsWork;
  const find = (wanted: number) => {
    multiplyAdds += principalComponentsWork(sample.length, columns.length, wanted);
    const request = { ...chosen, rows: sample, components: wanted, seed, threads };
    return principalComponents(dataset, request);
  };
  let found = await find(
    components === 'enough' ? Math.min(FEW_COMPONENTS, mostComponents) : components,
  );
  if (
    components === 'enough' &&
    FEW_COMPONENTS < mostComponents &&
    heldShare(found) < FEW_VARIANCE
  ) {
    found = await find(mostComponents);
  }
  const count = components === 'enough' ? enough(found) : found.variances.length;
  if (count === 0) return undefined;
  const percent = Math.round(100 * heldShare(found, count));
  return {
    map: projecting(chosen, found, count),
    reasons: [...reasons, `projected to ${count} components, ${percent} % of the variance`],
    multiplyAdds,
  };
}

/** 1 / sqrt(v + 0.1 median v), or undefined if the variances are even enough. */
function columnScales(variances: Float64Array, wanted: boolean | undefined) {
  // Constant columns, e.g. pixels at the margin of images, are left out of the median.
  const sorted = variances.filter((variance) => variance > 0).sort();
  const median = sorted[sorted.length >> 1] ?? 1;
  const uneven = (sorted.at(-1) ?? 1) > UNEVEN * median;
  if (!(wanted ?? uneven)) return undefined;
  return variances.map((variance) => 1 / Math.sqrt(variance + SCALE_FLOOR * median));
}

function varying(variances: Float64Array): Uint32Array {
  return Uint32Array.from(variances.keys()).filter((column) => variances[column]! > 0);
}

/** The columns with the largest variances that together hold KEPT_VARIANCE of the total. */
function largest(variances: Float64Array): Uint32Array {
  const order = varying(variances).sort((a, b) => variances[b]! - variances[a]! || a - b);
  const goal = KEPT_VARIANCE * variances.reduce((sum, variance) => sum + variance, 0);
  let held = 0;
  const count = order.findIndex((column) => {
    held += variances[column]!;
    return held >= goal;
  });
  return order.subarray(0, count + 1 || order.length).sort();
}

/** The share of the total variance that the first `count` components hold. */
function heldShare({ variances, totalVariance }: PrincipalComponents, count = variances.length) {
  return variances.slice(0, count).reduce((sum, variance) => sum + variance, 0) / totalVariance;
}

function enough({ variances, totalVariance }: PrincipalComponents): number {
  let held = 0;
  const count = variances.findIndex((variance) => {
    held += variance;
    return held >= COMPONENT_VARIANCE * totalVariance;
  });
  if (count < 0) return variances.length;
  return Math.min(variances.length, Math.max(FEWEST_COMPONENTS, count + 1));
}

function centring({ columns, means, scales }: ScaledColumns): Projection['map'] {
  const size = columns.length;
  const weights = new Float32Array(size * size);
  scales.forEach((scale, i) => {
    weights[i * size + i] = scale;
  });
  const bias = Float32Array.from(means, (mean, i) => -mean * scales[i]!);
  return { columns, weights, bias };
}

function projecting(
  { columns, means, scales }: ScaledColumns,
  { directions, variances }: PrincipalComponents,
  count: number,
): Projection['map'] {
  const size = columns.length;
  const variance = variances.slice(0, count).reduce((sum, value) => sum + value, 0) / count;
  const factor = 1 / Math.sqrt(variance);
  const weights = new Float32Array(count * size);
  const bias = new Float32Array(count);
  for (let component = 0; component < count; component++) {
    let shift = 0;
    for (let i = 0; i < size; i++) {
      const weight = directions[component * size + i]! * scales[i]! * factor;
      weights[component * size + i] = weight;
      shift -= weight * means[i]!;
    }
    bias[component] = shift;
  }
  return { columns, weights, bias };
}
