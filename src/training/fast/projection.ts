import { columnStatisticsWork, principalComponentsWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import type { LinearMap } from '../../engine/linear-map.js';
import {
  columnStatistics,
  type PrincipalComponents,
  principalComponents,
  type ScaledColumns,
} from '../../engine/principal-components.js';
import type { RowSet } from '../../engine/row-set.js';
import { halfWhitening } from '../column-scales.js';
import { columnsBeside } from './screen.js';

/** Data with at most this many features are not projected. */
export const MOST_FEATURES_KEPT = 64;
/** The features with the largest variances are kept until they hold this share of the total. */
const KEPT_VARIANCE = 0.95;
/** The share of the kept features' variance that the components must hold. */
const COMPONENT_VARIANCE = 0.8;
const FEWEST_COMPONENTS = 16;
/** Two panels of the engine's kernels: one more component would cost as much as a whole panel. */
const FEW_COMPONENTS = 64;
/** FEW_COMPONENTS are enough if they hold this share of the kept features' variance. */
const FEW_VARIANCE = 0.78;

/** The choices of a projection; automatic rules decide what is undefined. */
export interface ProjectionOptions {
  /** The number of principal components; `false`: only centre the features. */
  readonly components: number | false | undefined;
  /** The largest number of components that the automatic rule chooses. */
  readonly mostComponents: number;
  readonly classes: number;
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
 * Half-whitens the features and chooses features and principal components from a sample of the
 * rows; no other rows are read. Features whose class means the components do not hold are kept
 * beside them.
 *
 * @returns undefined if no feature varies within float32's range
 */
export async function fitProjection(
  dataset: Dataset,
  sample: RowSet,
  options: ProjectionOptions,
): Promise<Projection | undefined> {
  const { mostComponents, classes, seed, threads } = options;
  const { components = dataset.columns > MOST_FEATURES_KEPT ? 'enough' : false } = options;
  const statistics = await columnStatistics(dataset, sample, threads);
  const { centres, scales, varying } = halfWhitening(statistics);
  if (varying === 0) return undefined;
  const variances = scales.map((scale, j) => scale * scale * statistics.variances[j]!);
  const scaled = (columns: Uint32Array): ScaledColumns => ({
    columns,
    means: Float64Array.from(columns, (column) => centres[column]!),
    scales: Float64Array.from(columns, (column) => scales[column]!),
  });
  let multiplyAdds = columnStatisticsWork(sample.length, dataset.columns);
  if (components === false) {
    const columns = varyingColumns(variances);
    return { map: centring(scaled(columns)), reasons: used(columns, dataset), multiplyAdds };
  }

  const columns = largest(variances);
  const chosen = scaled(columns);
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
  const { variances: along } = found;
  const directions = { columns, values: found.directions, count, variances: along };
  const all = scaled(varyingColumns(variances));
  const beside = columnsBeside(dataset, sample, all, directions, classes);
  multiplyAdds += sample.length * all.columns.length + 2 * classes * count * columns.length;
  const percent = Math.round(100 * heldShare(found, count));
  return {
    map: projecting(scaled, variances, found, { columns, count, beside }),
    reasons: [
      ...used(columns, dataset),
      `projected to ${count} components, ${percent} % of the variance`,
      ...(beside.length > 0
        ? [`${beside.length} features kept beside them: they tell classes apart`]
        : []),
    ],
    multiplyAdds,
  };
}

function used(columns: Uint32Array, dataset: Dataset): string[] {
  if (columns.length === dataset.columns) return [];
  return [`${columns.length} of ${dataset.columns} features used`];
}

function varyingColumns(variances: Float64Array): Uint32Array {
  return Uint32Array.from(variances.keys()).filter((column) => variances[column]! > 0);
}

/** The columns with the largest variances that together hold KEPT_VARIANCE of the total. */
function largest(variances: Float64Array): Uint32Array {
  const order = varyingColumns(variances).sort((a, b) => variances[b]! - variances[a]! || a - b);
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

/** Components of mean variance 1, then single columns of variance 1. */
function projecting(
  scaled: (columns: Uint32Array) => ScaledColumns,
  columnVariances: Float64Array,
  { directions, variances }: PrincipalComponents,
  kept: {
    readonly columns: Uint32Array;
    readonly count: number;
    readonly beside: readonly number[];
  },
): Projection['map'] {
  const { count, beside } = kept;
  const read = scaled(Uint32Array.from(new Set([...kept.columns, ...beside])).sort());
  const { columns, means, scales } = read;
  const size = columns.length;
  const place = new Map(Array.from(columns, (column, at) => [column, at]));
  const weights = new Float32Array((count + beside.length) * size);
  const bias = new Float32Array(count + beside.length);
  const variance = variances.slice(0, count).reduce((sum, value) => sum + value, 0) / count;
  const set = (output: number, column: number, factor: number) => {
    const at = place.get(column)!;
    const weight = factor * scales[at]!;
    weights[output * size + at] = weight;
    bias[output]! -= weight * means[at]!;
  };
  const factor = 1 / Math.sqrt(variance);
  for (let component = 0; component < count; component++) {
    kept.columns.forEach((column, i) => {
      set(component, column, factor * directions[component * kept.columns.length + i]!);
    });
  }
  beside.forEach((column, i) => {
    set(count + i, column, 1 / Math.sqrt(columnVariances[column]!));
  });
  return { columns, weights, bias };
}
