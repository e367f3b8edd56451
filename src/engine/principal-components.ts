import { requireInstance, requireInteger, requireObject } from '../base/arguments.js';
import { availableThreads } from '../base/available-threads.js';
import { Dataset, whileReading } from './dataset.js';
import { type NativeColumnStatistics, type NativeComponents, promiseNative } from './native.js';
import { positionsOf, type Rows } from './row-set.js';

/** Means and variances, [columns]. */
export type ColumnStatistics = Readonly<NativeColumnStatistics>;

/**
 * Means and variances of the network's inputs over the given rows, in double precision.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_OUT_OF_MEMORY
 */
export async function columnStatistics(
  dataset: Dataset,
  rows: Rows,
  threads = availableThreads(),
): Promise<ColumnStatistics> {
  requireInstance('dataset', dataset, Dataset).requireInputs();
  const request = {
    dataset: dataset.handle,
    rows: positionsOf(dataset.nonEmptyRowSet(rows, 'set of rows')),
    threads: requireInteger('threads', threads, 1, 1024),
  };
  return whileReading(dataset, () => promiseNative((addon) => addon.columnStatistics(request)));
}

/**
 * The sum over all columns of ((input - centre) scale)^2 for each row, in double precision.
 *
 * @param centres [columns]; @param scales [columns]
 * @throws {LetheError} as columnStatistics
 */
export async function squaredNorms(
  dataset: Dataset,
  rows: Rows,
  { centres, scales }: { readonly centres: Float64Array; readonly scales: Float64Array },
  threads = availableThreads(),
): Promise<Float64Array> {
  requireInstance('dataset', dataset, Dataset).requireInputs();
  const request = {
    dataset: dataset.handle,
    rows: positionsOf(dataset.nonEmptyRowSet(rows, 'set of rows')),
    centres: requireInstance('centres', centres, Float64Array),
    scales: requireInstance('scales', scales, Float64Array),
    threads: requireInteger('threads', threads, 1, 1024),
  };
  return whileReading(dataset, () => promiseNative((addon) => addon.squaredNorms(request)));
}

/** Columns of a data set, centred and scaled: (value - mean) * scale. */
export interface ScaledColumns {
  readonly columns: Uint32Array;
  readonly means: Float64Array;
  readonly scales: Float64Array;
}

/** The largest number of components, as in the core. */
export const MOST_COMPONENTS = 118;

/** Directions of the largest variance, [components, columns], and the variance along each. */
export type PrincipalComponents = Readonly<NativeComponents>;

interface PrincipalComponentsOptions extends ScaledColumns {
  readonly rows: Rows;
  /** The largest number of components to return, in 1..118; constant data have none. */
  readonly components: number;
  /** Seed of the random start of the iteration; default 0. */
  readonly seed?: number;
  readonly threads?: number | undefined;
}

/**
 * Principal components by randomized subspace iteration, seeded: the same bits on every machine.
 * With at most 10 columns more than components, all directions are computed directly.
 * Source: Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
 * algorithms 4.4 and 5.1.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_OUT_OF_MEMORY
 */
export async function principalComponents(
  dataset: Dataset,
  options: PrincipalComponentsOptions,
): Promise<PrincipalComponents> {
  requireInstance('dataset', dataset, Dataset).requireInputs();
  const { rows, columns, means, scales, components } = requireObject('options', options);
  const { seed = 0, threads = availableThreads() } = options;
  const request = {
    dataset: dataset.handle,
    rows: positionsOf(dataset.nonEmptyRowSet(rows, 'set of rows')),
    columns: requireInstance('columns', columns, Uint32Array),
    means: requireInstance('means', means, Float64Array),
    scales: requireInstance('scales', scales, Float64Array),
    components: requireInteger('components', components, 1, MOST_COMPONENTS),
    seed: requireInteger('seed', seed, 0),
    threads: requireInteger('threads', threads, 1, 1024),
  };
  return whileReading(dataset, () => promiseNative((addon) => addon.principalComponents(request)));
}
