import { Dataset } from '../engine/dataset.js';
import { checkContents } from '../engine/dataset-contents.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import type { TableOptions } from './table.js';

/**
 * Makes the data set of a table that has been read. Rows of several files are counted over all.
 *
 * @throws {LetheError} ERR_DUPLICATE: two rows of one id; otherwise as the constructor of Dataset
 */
export function tableDataset(
  path: string,
  contents: DatasetContents,
  { id }: Pick<TableOptions, 'id'>,
): Dataset {
  const { facts, handle } = checkContents(
    contents,
    (first, second) =>
      `${path}: rows ${first + 1} and ${second + 1} both have in column ${id} the id`,
  );
  return new Dataset(facts, handle);
}
