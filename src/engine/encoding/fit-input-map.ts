import { requireInstance, requireInteger } from '../../base/arguments.js';
import { availableThreads } from '../../base/available-threads.js';
import { LetheError } from '../../base/errors.js';
import { Dataset, whileReading } from '../dataset.js';
import { type NativePresentStatistics, promiseNative } from '../native.js';
import { positionsOf, type Rows } from '../row-set.js';
import { inputsOf, type NumberColumn } from './column-encoding.js';
import { checkInputMap, type FittedNumber, type InputMap } from './input-map.js';

/** The smallest positive float32 number of full precision. */
const LEAST_SCALE = 2 ** -126;

/** Mean and variance of a column whose missing values are filled in. */
interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Fits a data set's encoding on rows: what is filled in for missing values, and means and standard
 * deviations. It depends on these rows alone, and on their order. Values are those of scikit-learn's
 * SimpleImputer, then StandardScaler, rounded to float32.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: the data set has no encoding; ERR_EMPTY_SET,
 * ERR_INVALID_ROWS, ERR_ERASED_ROW, ERR_FILE_CHANGED
 */
export async function fitInputMap(
  dataset: Dataset,
  rows: Rows,
  threads = availableThreads(),
): Promise<InputMap> {
  const { encoding, name, handle } = requireInstance('dataset', dataset, Dataset);
  if (!encoding) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} has no encoding: its columns are the inputs`,
    );
  }
  const request = {
    dataset: handle,
    rows: positionsOf(dataset.nonEmptyRowSet(rows, 'set of rows')),
    threads: requireInteger('threads', threads, 1, 1024),
  };
  const found = await whileReading(dataset, () =>
    promiseNative((addon) => addon.presentStatistics(request)),
  );
  const columns = encoding.map((column, i) =>
    column.kind === 'number' ? fitNumber(column, found, i, request.rows.length) : column,
  );
  return checkInputMap({ columns }, inputsOf(encoding));
}

function fitNumber(
  column: NumberColumn,
  { counts, means, variances }: NativePresentStatistics,
  i: number,
  rows: number,
): FittedNumber {
  const { missing, standardize } = column;
  const present = { count: counts[i]!, mean: means[i]!, variance: variances[i]! };
  const fill = Math.fround(typeof missing === 'number' ? missing : present.mean);
  const moments = filled(present, typeof missing === 'number' ? fill : present.mean, rows);
  return {
    ...column,
    ...(missing !== undefined && { fill }),
    ...(standardize && { centre: Math.fround(moments.mean), scale: scaleOf(moments, rows) }),
  };
}

/** The moments of all rows' values, of which those that are missing are replaced by `fill`. */
function filled(present: Moments & { readonly count: number }, fill: number, rows: number) {
  const share = present.count / rows;
  const mean = share * present.mean + (1 - share) * fill;
  const variance =
    share * (present.variance + (present.mean - mean) ** 2) + (1 - share) * (fill - mean) ** 2;
  return { mean, variance };
}

/** 1 for a column that is constant but for rounding, as StandardScaler judges it. */
function scaleOf({ mean, variance }: Moments, rows: number): number {
  const rounding = rows * Number.EPSILON * variance + (rows * mean * Number.EPSILON) ** 2;
  const scale = Math.fround(Math.sqrt(variance));
  return variance <= rounding || scale < LEAST_SCALE ? 1 : scale;
}
