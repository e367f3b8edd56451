import type { ChildProcess } from 'node:child_process';
import { requireText } from '../base/arguments.js';
import { refuseForeignFile } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { programPath } from '../base/package-root.js';
import { Dataset } from '../engine/dataset.js';
import type { ParquetMessage, ParquetRequest } from './parquet-child.js';
import { checkTableOptions, TABLE_OPTIONS, type TableOptions } from './table.js';

/**
 * Reads a data set from a Parquet file, column by column and row group by row group. Features may have
 * any numeric type and become float32; labels and owners are texts, whole numbers or booleans.
 *
 * Damaged files can crash the process that reads them, so they are read in a child process.
 *
 * @throws {LetheError} ERR_INVALID_DATA: not Parquet, damaged, a column of a nested or unsupported
 * type, a cell that is empty or not a finite number; says the row. ERR_INVALID_ARGUMENT: a column
 * that does not exist. ERR_DUPLICATE: two rows of one id. ERR_OUT_OF_MEMORY: says how much is needed. ERR_IO.
 */
export async function loadParquet(path: string, options: TableOptions): Promise<Dataset> {
  requireText('path', path);
  checkTableOptions(options, TABLE_OPTIONS);
  const { label, owner, id, features, name, classNames } = options;
  const request: ParquetRequest = {
    path,
    options: { label, owner, id, features, name, classNames },
  };
  await refuseForeignFile(path, 'parquet');
  const { fork } = await import('node:child_process');
  const child = fork(programPath('data/parquet-child'), [], {
    serialization: 'advanced',
    // Without the flags and the output of this process.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    child.send(request);
    return await received(child, path);
  } finally {
    child.kill();
  }
}

/** Makes the data set of the child's messages. */
function received(child: ChildProcess, path: string): Promise<Dataset> {
  return new Promise((resolve, reject) => {
    let features = new Float32Array(0);
    const settle = (make: () => Dataset) => {
      try {
        resolve(make());
      } catch (error) {
        reject(error);
      }
    };
    child.on('message', (message: ParquetMessage) => {
      if ('error' in message) {
        reject(new LetheError(message.error.code, message.error.message));
      } else if ('values' in message) {
        features = new Float32Array(message.values);
      } else if ('piece' in message) {
        features.set(message.piece, message.offset);
      } else {
        settle(() => new Dataset({ ...message.table, features }));
      }
    });
    child.on('error', (cause) => {
      reject(new LetheError('ERR_IO', `cannot read ${path}: ${cause.message}`, { cause }));
    });
    child.on('exit', (status, signal) => {
      const how = signal ?? `status ${status}`;
      reject(
        invalidData(
          path,
          `its reader has ended with ${how}: the file is damaged, or far too large`,
        ),
      );
    });
  });
}
