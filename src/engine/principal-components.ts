import { requireInstance, requireInteger, requireObject } from '../base/arguments.js';
import { availableThreads } from '../base/available-threads.js';
import { Dataset, type Rows } from './dataset.js';
import { type NativeColumnStatistics, type NativeComponents, promiseNative } from './native.js';

/** Means and variances, [columns]. */
export type ColumnStatistics = Readonly<NativeColumnStatistics>;

/**
 * Of the network's inputs, over some rows, in double precision.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_OUT_OF_MEMORY
 */
export async function columnStatistics(dataset: Dataset, rows: Rows): Promise<ColumnStatistics> {
  requireInstance('dataset', dataset, Dataset);
  const request = {
    dataset: dataset.handle,
    rows: dataset.checkNonEmptyRows(rows, 'set of rows'),
  };
  return promiseNative((addon) => addon.columnStatistics(request));
}

/** Columns of a data set; of each value its mean is taken away, and the rest scaled. */
export interface ScaledColumns {
  readonly columns: Uint32Array;
  readonly means: Float64Array;
  readonly scales: Float64Array;
}

/** The most components that can be asked for, as in the core. */
export const MOST_COMPONENTS = 118;

/** Directions of the largest variance, [components, columns], and the variance along each. */
export type PrincipalComponents = Readonly<NativeComponents>;

export interface PrincipalComponentsOptions extends ScaledColumns {
  readonly rows: Rows;
  /** The most that are answered, in 1..118; constant data have none. */
  readonly components: number;
  /** Of where the iteration starts; default 0. */
  readonly seed?: number;
  readonly threads?: number | undefined;
}

/**
 * Randomized subspace iteration, deterministic: the same bits on every machine. Of no more than 10
 * columns beyond the components, all directions at once.
 * Source: Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
 * algorithms 4.4 and 5.1.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_OUT_OF_MEMORY
 */
export async function principalComponents(
  dataset: Dataset,
  options: PrincipalComponentsOptions,
): Promise<PrincipalComponents> {
  requireInstance('dataset', dataset, Dataset);
  const { rows, columns, means, scales, components } = requireObject('options', options);
  const { seed = 0, threads = availableThreads() } = options;
  const request = {
    dataset: dataset.handle,
    rows: dataset.checkNonEmptyRows(rows, 'set of rows'),
    columns: requireInstance('columns', columns, Uint32Array),
    means: requireInstance('means', means, Float64Array),
    scales: requireInstance('scales', scales, Float64Array),
    components: requireInteger('components', components, 1, MOST_COMPONENTS),
    seed: requireInteger('seed', seed, 0),
    threads: requireInteger('threads', threads, 1, 1024),
  };
  return promiseNative((addon) => addon.principalComponents(request));
}

/** The multiply-adds of `principalComponents`, its smaller parts included. */
export function principalComponentsWork(rows: number, columns: number, components: number): number {
  const followed = components + 10;
  if (followed >= columns) return (rows * columns ** 2) / 2 + 6 * columns ** 3;
  const products = 5 * rows * columns * followed + (rows + columns) * followed ** 2;
  const orthonormalization = 4 * columns * followed ** 2;
  const eigenvectors = 6 * followed ** 3;
  return products + orthonormalization + eigenvectors;
}
