import { receiveArray } from '../base/child/channel.js';
import { Child, ChildEnded } from '../base/child/child.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import type { Dataset } from '../engine/dataset.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import type { TableOptions } from './table.js';
import type { TableReply, TableRequest } from './table-child.js';
import { tableDataset } from './table-dataset.js';

/**
 * Reads a table in a process of its own, which may crash.
 *
 * @param options a copy by checkTableOptions, which can be sent
 * @throws {LetheError} what the reader and tableDataset throw; ERR_INVALID_DATA: the process has crashed;
 * ERR_IO, ERR_OUT_OF_MEMORY: it cannot be started.
 */
export async function readInChild(
  format: TableRequest['format'],
  path: string,
  options: TableOptions,
): Promise<Dataset> {
  const request: TableRequest = { format, path, options };
  const child = await Child.start('data/table-child', `a process to read ${path}`);
  try {
    return tableDataset(path, await contentsFrom(child, request), options);
  } catch (cause) {
    if (!(cause instanceof ChildEnded)) throw cause;
    throw invalidData(
      path,
      `its reader has ended with ${cause.how}: the file is damaged, or far too large`,
      cause,
    );
  } finally {
    child.kill();
  }
}

async function contentsFrom(child: Child, request: TableRequest): Promise<DatasetContents> {
  await child.send(request);
  const reply = (await child.receive()) as TableReply;
  if ('error' in reply) throw new LetheError(reply.error.code, reply.error.message);
  return { ...reply.table, features: await receiveArray(child, Float32Array) };
}
