import type { ChildProcess } from 'node:child_process';
import { pick } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { programPath } from '../base/package-root.js';
import type { OwnedData } from './owned-data.js';
import { TABLE_OPTIONS, type TableOptions } from './table.js';
import type { TableMessage, TableRequest } from './table-child.js';

/**
 * Reads a table in a process of its own, which may crash.
 *
 * @param options those that checkTableOptions has passed
 * @throws {LetheError} what the reader throws; ERR_INVALID_DATA: the process has crashed.
 */
export async function readInChild(
  format: TableRequest['format'],
  path: string,
  options: TableOptions,
): Promise<OwnedData> {
  const request: TableRequest = { format, path, options: pick(options, TABLE_OPTIONS) };
  const { fork } = await import('node:child_process');
  const child = fork(programPath('data/table-child'), [], {
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

/** Assembles the data from the child's messages. */
function received(child: ChildProcess, path: string): Promise<OwnedData> {
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
        resolve({ ...message.table, data: { ...message.table.data, features } });
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
