import type { RecordBatch, Schema } from 'apache-arrow';
import { refuseForeignFile } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import { importPeer } from '../base/peer.js';
import { openRegular, regularStats } from '../base/regular-file.js';

export type Arrow = typeof import('apache-arrow');

/**
 * Reads a file batch by batch.
 *
 * @param begin called once with the schema
 * @param take called with each batch
 * @throws {LetheError} ERR_IO, ERR_INVALID_DATA, ERR_PEER_MISSING, and what the callbacks throw
 */
export async function readBatches(
  path: string,
  arrow: Arrow,
  begin: (schema: Schema) => void,
  take: (batch: RecordBatch) => void,
): Promise<void> {
  await requireReadable(path);
  // Not from a file handle: the library would wait for ever for bytes beyond the end.
  const stream = (await openRegular(path)).createReadStream();
  try {
    const reader = await arrow.RecordBatchReader.from(stream);
    await reader.open();
    // The library takes a file without a schema for an empty one.
    if (!reader.schema) throw invalidData(path, 'it is neither an Arrow file nor an Arrow stream');
    begin(reader.schema);
    for await (const batch of reader) take(batch);
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    throw invalidData(path, `it cannot be read as Arrow: ${(cause as Error).message}`, cause);
  } finally {
    stream.destroy();
  }
}

/** A file, other than a stream, is held in memory as a whole. */
async function requireReadable(path: string): Promise<void> {
  await refuseForeignFile(path, 'arrow');
  requireMemory(path, (await regularStats(path)).size);
}

/** The library, which is told how to decompress buffers. @throws {LetheError} ERR_PEER_MISSING */
export async function importArrow(): Promise<Arrow> {
  const arrow = await importPeer<Arrow>('apache-arrow');
  const { decompressZstd } = await import('hyparquet-compressors');
  const { compressionRegistry, CompressionType } = arrow;
  compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => decompressZstd(data) });
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: await lz4Decoder() });
  return arrow;
}

/** Throws only when a buffer is compressed with LZ4, if the package for it is missing. */
async function lz4Decoder(): Promise<(data: Uint8Array) => Uint8Array> {
  try {
    const { decompressFrameSync } = await importPeer<typeof import('lz4-napi')>('lz4-napi');
    return (data) => decompressFrameSync(Buffer.from(data.buffer, data.byteOffset, data.length));
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
