import { requireInstance, requireInteger, requireObject } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { Activations } from '../engine/activations.js';
import { defined, type Metric, undefinedBecause } from './metric.js';

/**
 * Linear centred kernel alignment of two layers' activations on the same rows: 1 if one is a
 * rotation and uniform scaling of the other, 0 if they share nothing. Source: Kornblith, Norouzi,
 * Lee, Hinton, "Similarity of neural network representations revisited", ICML 2019, section 3.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: different numbers of rows
 */
export function centredKernelAlignment(a: Activations, b: Activations): Metric {
  const rows = rowsOf(a);
  if (rowsOf(b) !== rows) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `activations must be of the same rows, but there are ${rows} and ${rowsOf(b)} rows`,
    );
  }
  if (rows < 2) return undefinedBecause('at least two rows are needed');
  const [x, y] = [centredColumns(a), centredColumns(b)];
  const [xx, yy] = [crossNorm(x, x), crossNorm(y, y)];
  if (xx === 0 || yy === 0)
    return undefinedBecause('the activations of a layer are the same for every row');
  return defined(crossNorm(x, y) / Math.sqrt(xx * yy));
}

function rowsOf(activations: Activations): number {
  const { values, units } = requireObject('activations', activations);
  requireInstance('values', values, Float32Array);
  requireInteger('units', units, 1);
  const rows = values.length / units;
  if (!Number.isInteger(rows)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${values.length} values are not whole rows of ${units} units`,
    );
  }
  return rows;
}

/** The centred values of each unit. */
function centredColumns({ values, units }: Activations): Float64Array[] {
  const rows = values.length / units;
  return Array.from({ length: units }, (_, unit) => {
    const column = new Float64Array(rows);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * units + unit]!;
      sum += column[row]!;
    }
    return column.map((value) => value - sum / rows);
  });
}

/** The squared Frobenius norm of X^T Y. */
function crossNorm(x: readonly Float64Array[], y: readonly Float64Array[]): number {
  let norm = 0;
  for (const left of x) {
    for (const right of y) {
      let product = 0;
      for (let row = 0; row < left.length; row++) product += left[row]! * right[row]!;
      norm += product ** 2;
    }
  }
  return norm;
}
