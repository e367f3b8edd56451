import { requireInstance, requireInteger, requireObject } from '../arguments.js';
import { callNative, type NativeComponents, toLetheError } from './native.js';

/** Directions of the largest variance, [components, columns], and the variance along each. */
export type PrincipalComponents = Readonly<NativeComponents>;

export interface PrincipalComponentsOptions {
  /** Row-major [rows, columns]; the mean of each column is 0. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** The most that are answered, in 1..118; constant data have none. */
  readonly components: number;
  /** Of where the iteration starts; default 0. */
  readonly seed?: number;
}

/**
 * Randomized subspace iteration, deterministic: the same bits on every machine.
 * Source: Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
 * algorithms 4.4 and 5.1.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY
 */
export async function principalComponents(
  options: PrincipalComponentsOptions,
): Promise<PrincipalComponents> {
  const { values, rows, columns, components, seed = 0 } = requireObject('options', options);
  const request = {
    values: requireInstance('values', values, Float32Array),
    rows: requireInteger('rows', rows, 1),
    columns: requireInteger('columns', columns, 1),
    components: requireInteger('components', components, 1, 118),
    seed: requireInteger('seed', seed, 0),
  };
  const found = callNative((addon) => addon.principalComponents(request));
  return found.catch((error: unknown) => {
    throw toLetheError(error);
  });
}

/** The multiply-adds of `principalComponents`, its smaller parts included. */
export function principalComponentsWork(rows: number, columns: number, components: number): number {
  const followed = Math.min(components + 10, rows, columns);
  const products = 4 * rows * columns * followed + columns * followed ** 2;
  const orthonormalization = 2 * rows * followed ** 2;
  const eigenvectors = 6 * followed ** 3 + columns * followed * components;
  return products + orthonormalization + eigenvectors;
}
