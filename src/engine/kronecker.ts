import {
  type KnownFields,
  requireInstance,
  requireKnownFields,
  requirePositive,
} from '../base/arguments.js';
import { checkWidths } from './layout.js';
import { type RunOptions, runNative } from './run.js';

/** A linear system whose matrix is the Fisher information, given by its Kronecker factors. */
export interface KroneckerSystem {
  readonly widths: readonly number[];
  /** As collected by a pass with the sink `kroneckerFactors`. */
  readonly factors: Float32Array;
  /** One value per parameter. */
  readonly gradient: Float32Array;
  /** Added to the Fisher information, split between the factors of each layer; above 0. */
  readonly damping: number;
}

const SYSTEM_NAMES: KnownFields<KroneckerSystem> = {
  ...{ widths: true, factors: true, gradient: true, damping: true },
};

/**
 * The gradient times the inverse of the damped Fisher information, one value per parameter: the
 * same bits on every machine. Progress counts block rows of the factors.
 * Source: Martens, Grosse, "Optimizing neural networks with Kronecker-factored approximate
 * curvature", ICML 2015, sections 4.2 and 6.3.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: e.g. damped factors that are not positive definite
 * (use more damping); ERR_ABORTED, ERR_DIVERGED, ERR_OUT_OF_MEMORY
 */
export async function kroneckerSolve(
  system: KroneckerSystem,
  options: RunOptions = {},
): Promise<Float32Array> {
  const { widths, factors, gradient, damping } = requireKnownFields('system', system, SYSTEM_NAMES);
  const request = {
    widths: Uint32Array.from(checkWidths(widths)),
    factors: requireInstance('factors', factors, Float32Array),
    gradient: requireInstance('gradient', gradient, Float32Array),
    damping: requirePositive('damping', damping),
  };
  return runNative(options, (addon, { threads }, onProgress) =>
    addon.kroneckerSolve({ ...request, threads }, onProgress),
  );
}
