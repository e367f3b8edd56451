import { requirePath } from '../base/arguments.js';
import type { Dataset } from '../engine/dataset.js';
import { readInChild } from './read-in-child.js';
import { checkTableOptions, TABLE_OPTIONS, type TableOptions } from './table.js';

/**
 * Reads a data set from an Arrow file or stream, which is what Feather is since its version 2, batch by batch; or
 * from a folder of such files, which are read as one in the order of their names. What may be a feature, a
 * label, an owner or an id is as with loadParquet. Needs the package `apache-arrow`, and `lz4-napi` where buffers are
 * compressed with LZ4, as pandas does by default.
 *
 * Damaged files can exhaust the process that reads them, so they are read in a child process.
 *
 * @throws {LetheError} ERR_PEER_MISSING: one of these packages is not installed; otherwise as loadParquet.
 */
export async function loadArrow(path: string, options: TableOptions): Promise<Dataset> {
  requirePath('path', path);
  const checked = checkTableOptions(options, TABLE_OPTIONS);
  return readInChild('arrow', path, checked);
}
