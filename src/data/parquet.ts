import { requirePath } from '../base/arguments.js';
import type { Dataset } from '../engine/dataset.js';
import { readInChild } from './read-in-child.js';
import { checkTableOptions, TABLE_OPTIONS, type TableOptions } from './table.js';

/**
 * Reads a data set from a Parquet file, column by column and row group by row group; or from a folder of
 * such files, which are read as one in the order of their names. Features may have any numeric type,
 * or be booleans, and become float32; a list of numbers is as many features, if it has as many in every
 * row. With the option `encode` they may also be categories, texts among them, and missing: null or NaN. Labels
 * and owners are texts, whole numbers or booleans, ids texts or whole numbers.
 *
 * Damaged files can crash the process that reads them, so they are read in a child process.
 *
 * @throws {LetheError} ERR_INVALID_DATA: not Parquet, damaged, a column of a nested or unsupported
 * type, lists of different lengths, a cell that is empty or not a finite number, unless `encode` allows it;
 * says the row and the column. ERR_DUPLICATE: two rows of one id. ERR_INVALID_ARGUMENT: a column that does not exist.
 * ERR_OUT_OF_MEMORY: says how much is needed. ERR_IO.
 */
export async function loadParquet(path: string, options: TableOptions): Promise<Dataset> {
  requirePath('path', path);
  const checked = checkTableOptions(options, TABLE_OPTIONS);
  return readInChild('parquet', path, checked);
}
