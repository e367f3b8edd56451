import { sendArray } from '../base/child/channel.js';
import { parentChannel } from '../base/child/parent.js';
import { LetheError, type LetheErrorCode } from '../base/errors.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import { readArrow } from './arrow-reader.js';
import { readParquet } from './parquet-reader.js';
import type { TableOptions } from './table.js';

/** Readers of formats whose libraries a damaged file can bring down. */
const READERS = { parquet: readParquet, arrow: readArrow };

/** The request to the child process. */
export interface TableRequest {
  readonly format: keyof typeof READERS;
  readonly path: string;
  readonly options: TableOptions;
}

/** A table is followed by its features. */
export type TableReply =
  | { readonly table: Omit<DatasetContents, 'features'> }
  | { readonly error: { readonly code: LetheErrorCode; readonly message: string } };

const channel = parentChannel();
const { format, path, options } = (await channel.receive()) as TableRequest;
try {
  const { features, ids, ...rest } = await READERS[format](path, options);
  await reply({ table: { ...rest, ...(ids && { ids: [...ids] }) } });
  await sendArray(channel, features as Float32Array);
} catch (error) {
  const { message } = error as Error;
  const code = error instanceof LetheError ? error.code : 'ERR_INVALID_DATA';
  await reply({ error: { code, message } });
}

function reply(message: TableReply): Promise<void> {
  return channel.send(message);
}
