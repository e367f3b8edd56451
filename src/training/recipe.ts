import {
  type Names,
  pick,
  requireBoolean,
  requireInteger,
  requireNonNegative,
  requirePositive,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { PhasedOptions } from '../engine/phases.js';
import { RUN_OPTIONS } from '../engine/run.js';

/** How the fast recipe goes about it. What is left out, the automatic rules decide. */
export interface FastOptions extends PhasedOptions {
  /** Of everything random; default 0. */
  readonly seed?: number;
  /**
   * Divide each feature by about its standard deviation; default: where the largest variance of a
   * feature is over 20 times the median. On data that need it not, it costs accuracy.
   */
  readonly scale?: boolean;
  /**
   * Principal components to train on, up to 100, or `false` for the features themselves, which are
   * centred by a map of all to all: dear beyond a few hundred. Default: of more than 64 features, as many as hold 90 % of the variance, at least 16 and at most 100 (64
   * where these hold 88 %); at most 64 for a network of under 512 units in its first hidden layer,
   * 32 under 128, 30 under 64.
   */
  readonly components?: number | false;
  /**
   * Narrow networks that share the hidden units, are trained apart and then merged; default 4 where
   * the first hidden layer has at least 512 units, 2 from 128 on, else 1.
   */
  readonly nets?: number;
  /**
   * The share of the rows, hardest first, that every pass visits, in [0, 1); 0: every pass visits
   * all rows. Default 0.2.
   */
  readonly hardestShare?: number;
  /** The share of the other rows that every pass samples, in (0, 1]; default 0.2. */
  readonly sampledShare?: number;
  /**
   * Steps of a network; default: half the rows over the batch size, all rows where there is one
   * network, at least 150; times the effort.
   */
  readonly steps?: number;
  /** Of default steps the multiple to take, above 0 and below a million; default 1. */
  readonly effort?: number;
  /** Default: the largest power of two in 8..64 that leaves at least 200 steps. */
  readonly batchSize?: number;
  /** The highest learning rate of a batch of 64; default 0.1. */
  readonly learningRate?: number;
}

/** What decides how the fast recipe trains, and means nothing to the plain one. */
type RecipeOptions = Omit<FastOptions, 'seed' | keyof PhasedOptions>;

export const RECIPE_OPTIONS: Names<RecipeOptions> = {
  ...{ scale: true, components: true, nets: true, hardestShare: true, sampledShare: true },
  ...{ steps: true, effort: true, batchSize: true, learningRate: true },
};

export const FAST_OPTIONS: Names<FastOptions> = { ...RUN_OPTIONS, ...RECIPE_OPTIONS, seed: true };

/** Those of them that are given. */
export function fastOptionsOf(options: RecipeOptions): RecipeOptions {
  return pick(options, RECIPE_OPTIONS);
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT where one of them is given */
export function refuseFastOptions(options: RecipeOptions): void {
  const [unused] = Object.keys(fastOptionsOf(options));
  if (unused === undefined) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `the recipe "plain" has no option ${unused}: leave it out, or train with Model.train`,
  );
}

/** The options with every default in its place. */
export interface FastRecipe {
  readonly seed: number;
  readonly scale: boolean | undefined;
  readonly components: number | false | undefined;
  readonly mostComponents: number;
  /** Of each network: hidden layers only. */
  readonly hidden: readonly (readonly number[])[];
  readonly hardestShare: number;
  readonly sampledShare: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

const MOST_COMPONENTS = 100;
export const MOST_NETS = 64;
/** A narrower network learns nothing of use. */
const FEWEST_UNITS = 4;
/** Of all rows, by each net; a small network on its own needs more to be as good. */
const ROW_VISITS = 0.5;
const ROW_VISITS_ALONE = 1;
const FEWEST_STEPS = 150;
/** More would be a mistake. */
const MOST_EFFORT = 1e6;
const ENOUGH_STEPS = 200;
const LARGEST_BATCH = 64;
const SMALLEST_BATCH = 8;

/** @param widths of the network to train; @param rows how many it is trained on */
export function fastRecipe(
  widths: readonly number[],
  rows: number,
  options: FastOptions,
): FastRecipe {
  const { seed = 0, scale, components } = options;
  const { hardestShare = 0.2, sampledShare = 0.2, learningRate = 0.1, effort = 1 } = options;
  requireInteger('seed', seed, 0);
  requireNonNegative('hardestShare', hardestShare, 1);
  requirePositive('sampledShare', sampledShare);
  requireNonNegative('sampledShare', sampledShare, 1 + Number.EPSILON);
  requirePositive('learningRate', learningRate);
  requirePositive('effort', effort);
  requireNonNegative('effort', effort, MOST_EFFORT);
  if (scale !== undefined) requireBoolean('scale', scale);
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
    ...{ seed, scale, components, hardestShare, sampledShare, steps, batchSize, learningRate },
    mostComponents: mostComponents(layers[0]!),
    hidden: Array.from({ length: nets }, (_, net) =>
      layers.map((units) => Math.floor(units / nets) + Number(net < units % nets)),
    ),
  };
}

/** A smaller network gains less by components than they cost. */
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
