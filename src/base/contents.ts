import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { requireText } from './arguments.js';
import { LetheError } from './errors.js';
import { invalidData } from './invalid-data.js';

/** What a file is known to hold, whatever it is packed in. */
export interface KnownContents {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

const GZIP_MAGIC = 0x1f8b;
const CHUNK_BYTES = 2 ** 16;

/**
 * The contents of a file, unpacked if they begin as gzip does (RFC 1952), whatever the file is
 * called.
 *
 * @param maxBytes the most that the contents may hold, and what is set aside for them; nothing more
 * is unpacked
 * @throws {LetheError} ERR_IO; ERR_INVALID_DATA: longer than `maxBytes`, or a broken gzip stream.
 */
export async function readContents(path: string, maxBytes: number): Promise<Uint8Array> {
  const contents = Buffer.allocUnsafeSlow(maxBytes);
  let length = 0;
  for await (const chunk of contentChunks(path)) {
    if (length + chunk.length > maxBytes) {
      throw invalidData(path, `it holds more than ${maxBytes} bytes`);
    }
    contents.set(chunk, length);
    length += chunk.length;
  }
  return contents.subarray(0, length);
}

/**
 * The contents of a file that is known by their hash.
 *
 * @throws {LetheError} ERR_HASH_MISMATCH; as readContents.
 */
export async function readKnown(
  path: string,
  { bytes, sha256 }: KnownContents,
): Promise<Uint8Array> {
  const contents = await readContents(path, bytes);
  const { createHash } = await import('node:crypto');
  const actual = createHash('sha256').update(contents).digest('hex');
  if (actual !== sha256) {
    throw new LetheError(
      'ERR_HASH_MISMATCH',
      `${path} is not the file that it should be: its SHA-256 is ${actual}, expected ${sha256}`,
    );
  }
  return contents;
}

/** As readContents, but only the first `bytes` bytes, or all where there are fewer. */
export async function readStart(path: string, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of contentChunks(path)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks, length).subarray(0, bytes);
}

/** The contents of a file, unpacked, piece by piece. @throws {LetheError} ERR_IO, ERR_INVALID_DATA */
export async function* contentChunks(path: string): AsyncGenerator<Uint8Array> {
  requireText('path', path);
  try {
    yield* await openContents(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) {
      throw invalidData(path, `the gzip stream cannot be unpacked: ${message}`, cause);
    }
    throw new LetheError('ERR_IO', `cannot read ${path}: ${message}`, { cause });
  }
}

async function openContents(path: string): Promise<Readable> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const source = file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES });
    if (bytesRead < 2 || buffer.readUInt16BE(0) !== GZIP_MAGIC) return source;
    const [{ pipeline }, { createGunzip }] = await Promise.all([
      import('node:stream'),
      import('node:zlib'),
    ]);
    // Errors of either stream reach whoever iterates over the last one.
    return pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  } catch (error) {
    await file.close();
    throw error;
  }
}
