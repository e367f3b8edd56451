import {
  type KnownFields,
  requireInteger,
  requireNonNegative,
  requirePositive,
} from '../../base/arguments.js';

/** Hyper-parameters of the recipe `fast`. Automatic rules decide what is left out. */
export interface FastOptions {
  /**
   * The number of principal components to train on, up to 100, or `false` for the features
   * themselves, by a map of all features to all, which is costly beyond a few hundred features.
   * Both are of half-whitened features, see docs/exact-retraining.md.
   *
   * Default: `false` for at most 64 features. Otherwise as many as hold 80 % of the variance, at
   * least 16 and at most 100 (64 if these hold 78 %); at most 64 for a network with fewer than 512
   * units in its first hidden layer, 32 below 128 units, 30 below 64. Up to 32 features that tell
   * classes apart are kept beside them.
   */
  readonly components?: number | false;
  /**
   * The number of narrow networks among which the hidden units are divided; they are trained
   * independently and then merged. Default: 4 if the first hidden layer has at least 512 units, 2
   * from 128 units on, else 1; fewer where a layer is too narrow.
   */
  readonly nets?: number;
  /**
   * The share of the rows of each class, hardest first, that every epoch visits, in [0, 1); 0: every
   * epoch visits all rows, as it does where a thin network errs on over 5 % of them. Default 0.2.
   */
  readonly hardestShare?: number;
  /** The share of the other rows that every epoch samples, in (0, 1]; default 0.2. */
  readonly sampledShare?: number;
  /**
   * Steps of each network; default: half the rows (all rows for a single network) over the batch
   * size, at least 150, times the effort.
   */
  readonly steps?: number;
  /** Multiplies the default number of steps; above 0 and below a million. Default 1. */
  readonly effort?: number;
  /** Default: the largest power of two in 8..64 that leaves at least 200 steps. */
  readonly batchSize?: number;
  /**
   * The highest learning rate for a batch of 64, scaled by the root of the batch size; default 0.1.
   */
  readonly learningRate?: number;
}

export const FAST_OPTIONS: KnownFields<FastOptions> = {
  ...{ components: true, nets: true, hardestShare: true, sampledShare: true },
  ...{ steps: true, effort: true, batchSize: true, learningRate: true },
};

/** The options with all defaults filled in. */
export interface FastRecipe {
  readonly components: number | false | undefined;
  readonly mostComponents: number;
  /** The widths of each network's hidden layers. */
  readonly hidden: readonly (readonly number[])[];
  readonly hardestShare: number;
  readonly sampledShare: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

const MOST_COMPONENTS = 100;
export const MOST_NETS = 64;
/** The fewest units in a layer of a narrow network: narrower ones learn too little. */
const FEWEST_UNITS = 4;
/**
 * Visits of each network, as a share of all rows; a single small network needs more for the same
 * accuracy.
 */
const ROW_VISITS = 0.5;
const ROW_VISITS_ALONE = 1;
const FEWEST_STEPS = 150;
/** A larger effort is taken for a mistake. */
const MOST_EFFORT = 1e6;
const ENOUGH_STEPS = 200;
const LARGEST_BATCH = 64;
const SMALLEST_BATCH = 8;

/** @param widths of the network to train; @param rows the number of rows to train on */
export function fastRecipe(
  widths: readonly number[],
  rows: number,
  options: FastOptions,
): FastRecipe {
  const { components } = options;
  const { hardestShare = 0.2, sampledShare = 0.2, learningRate = 0.1, effort = 1 } = options;
  requireNonNegative('hardestShare', hardestShare, 1);
  requirePositive('sampledShare', sampledShare);
  requireNonNegative('sampledShare', sampledShare, 1 + Number.EPSILON);
  requirePositive('learningRate', learningRate);
  requirePositive('effort', effort);
  requireNonNegative('effort', effort, MOST_EFFORT);
  if (components !== undefined && components !== false) {
    requireInteger('components', components, 1, MOST_COMPONENTS);
  }
  const layers = widths.slice(1, -1);
  const { nets = mostNets(layers) } = options;
  const narrowest = Math.min(...layers);
  requireInteger('nets', nets, 1, layers.length === 0 ? 1 : Math.min(narrowest, MOST_NETS));
  const visits = (nets === 1 ? ROW_VISITS_ALONE : ROW_VISITS) * rows;
  const { batchSize = batchOf(visits) } = options;
  requireInteger('batchSize', batchSize, 1);
  const usual = Math.max(FEWEST_STEPS, Math.round(visits / batchSize));
  const { steps = Math.max(1, Math.round(effort * usual)) } = options;
  requireInteger('steps', steps, 1);
  return {
    ...{ components, hardestShare, sampledShare, steps, batchSize, learningRate },
    mostComponents: mostComponents(layers[0]!),
    hidden: Array.from({ length: nets }, (_, net) =>
      layers.map((units) => Math.floor(units / nets) + Number(net < units % nets)),
    ),
  };
}

/** For smaller networks, more components cost more than they gain. */
function mostComponents(units: number): number {
  if (units < 64) return 30;
  if (units < 128) return 32;
  return units < 512 ? 64 : MOST_COMPONENTS;
}

function mostNets(layers: readonly number[]): number {
  const [first = 0] = layers;
  const wanted = first >= 512 ? 4 : first >= 128 ? 2 : 1;
  const possible = Math.floor(Math.min(...layers) / FEWEST_UNITS);
  return Math.max(1, Math.min(wanted, possible));
}

function batchOf(visits: number): number {
  let batch = LARGEST_BATCH;
  while (batch > SMALLEST_BATCH && visits / batch < ENOUGH_STEPS) batch /= 2;
  return batch;
}
