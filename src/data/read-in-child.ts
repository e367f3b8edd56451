import type { ChildProcess } from 'node:child_process';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { ioError } from '../base/io-error.js';
import { programPath } from '../base/package-root.js';
import type { Dataset } from '../engine/dataset.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import type { TableOptions } from './table.js';
import type { TableMessage, TableRequest } from './table-child.js';
import { tableDataset } from './table-dataset.js';

/**
 * Reads a table in a process of its own, which may crash.
 *
 * @param options a copy by checkTableOptions, which can be sent
 * @throws {LetheError} what the reader and tableDataset throw; ERR_INVALID_DATA: the process has crashed.
 */
export async function readInChild(
  format: TableRequest['format'],
  path: string,
  options: TableOptions,
): Promise<Dataset> {
  const request: TableRequest = { format, path, options };
  const { fork } = await import('node:child_process');
  const child = fork(programPath('data/table-child'), [], {
    serialization: 'advanced',
    // Without the flags and the output of this process.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    child.send(request);
    return tableDataset(path, await received(child, path), options);
  } finally {
    child.kill();
  }
}

/** Assembles the contents from the child's messages. */
function received(child: ChildProcess, path: string): Promise<DatasetContents> {
  return new Promise((resolve, reject) => {
    let features = new Float32Array(0);
    child.on('message', (message: TableMessage) => {
      if ('error' in message) {
        reject(new LetheError(message.error.code, message.error.message));
      } else if ('values' in message) {
        features = new Float32Array(message.values);
      } else if ('piece' in message) {
        features.set(message.piece, message.offset);
      } else {
        resolve({ ...message.table, features });
      }
    });
    child.on('error', (cause) => {
      reject(ioError('read', path, cause));
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
