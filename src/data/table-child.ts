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

/**
 * The child's messages: the number of features, then these in pieces, then the rest; or an error.
 */
export type TableMessage =
  | { readonly values: number }
  | { readonly piece: Float32Array; readonly offset: number }
  | { readonly table: Omit<DatasetContents, 'features'> }
  | { readonly error: { readonly code: LetheErrorCode; readonly message: string } };

const PIECE = 2 ** 22;

process.once('message', async ({ format, path, options }: TableRequest) => {
  try {
    await sendTable(await READERS[format](path, options));
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof LetheError ? error.code : 'ERR_INVALID_DATA';
    await send({ error: { code, message } });
  }
  process.disconnect();
});

async function sendTable({ features, ids, ...rest }: DatasetContents): Promise<void> {
  await send({ values: features.length });
  for (let offset = 0; offset < features.length; offset += PIECE) {
    await send({ piece: (features as Float32Array).slice(offset, offset + PIECE), offset });
  }
  await send({ table: { ...rest, ...(ids && { ids: [...ids] }) } });
}

/** Resolves when the message has been sent, so that the pieces do not pile up. */
function send(message: TableMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
