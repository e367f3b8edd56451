import { LetheError } from './errors.js';
import { foreignKind, KIND_BYTES, type OwnFormat } from './file-kind.js';
import { invalidData } from './invalid-data.js';
import { ioError } from './io-error.js';
import { openRegular } from './regular-file.js';

/** The expected size and hash of a file's contents after decompression. */
export interface KnownContents {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

const GZIP_MAGIC = 0x1f8b;
const CHUNK_BYTES = 2 ** 16;

/**
 * The contents of a file, decompressed if they begin with gzip's magic number (RFC 1952); the
 * file's name does not matter.
 *
 * @param maxBytes the largest size of the contents: as much memory is allocated, and decompression
 * stops beyond it
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
 * The contents of a file whose size and hash are known.
 *
 * @throws {LetheError} ERR_HASH_MISMATCH; otherwise as readContents.
 */
export async function readKnown(
  path: string,
  { bytes, sha256 }: KnownContents,
): Promise<Uint8Array> {
  const contents = await readContents(path, bytes);
  await requireHash(path, contents, 'sha256', sha256);
  return contents;
}

/**
 * Requires that a file's contents have a hash.
 *
 * @param expected in hex
 * @throws {LetheError} ERR_HASH_MISMATCH
 */
export async function requireHash(
  path: string,
  contents: Uint8Array,
  algorithm: 'sha1' | 'sha256',
  expected: string,
): Promise<void> {
  const { createHash } = await import('node:crypto');
  const actual = createHash(algorithm).update(contents).digest('hex');
  if (actual === expected) return;
  const name = algorithm === 'sha1' ? 'SHA-1' : 'SHA-256';
  throw new LetheError(
    'ERR_HASH_MISMATCH',
    `${path} is not the expected file: its ${name} is ${actual}, expected ${expected}`,
  );
}

/** As readContents, but at most the first `bytes` bytes. */
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

/** The formats whose readers decompress a file. */
const READ_FROM_GZIP: ReadonlySet<OwnFormat> = new Set(['csv', 'idx']);

/**
 * Refuses a file of another known format, with what it is and what to do with it.
 *
 * @throws {LetheError} ERR_INVALID_DATA; otherwise as readContents.
 */
export async function refuseForeignFile(path: string, own: OwnFormat): Promise<void> {
  const start = await (READ_FROM_GZIP.has(own) ? readStart : storedStart)(path, KIND_BYTES);
  const kind = foreignKind(start, own);
  if (kind !== undefined) throw invalidData(path, `this is ${kind}`);
}

/** As readStart, without decompression. */
async function storedStart(path: string, bytes: number): Promise<Uint8Array> {
  try {
    const file = await openRegular(path);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof LetheError ? cause : ioError('read', path, cause);
  }
}

/**
 * The decompressed contents of a file in chunks.
 *
 * @throws {LetheError} ERR_IO, ERR_INVALID_DATA; ERR_FILE_CHANGED: written to while it was read, found
 * out at its end
 */
export async function* contentChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* await openContents(path);
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) {
      throw invalidData(path, `the gzip stream cannot be decompressed: ${message}`, cause);
    }
    throw ioError('read', path, cause);
  }
}

async function openContents(path: string): Promise<AsyncIterable<Uint8Array>> {
  const stored = storedChunks(path);
  const { value: first } = await stored.next();
  if (!first) return stored;
  const whole = startingWith(first, stored);
  if (first.length < 2 || Buffer.from(first).readUInt16BE(0) !== GZIP_MAGIC) return whole;
  const [{ pipeline, Readable }, { createGunzip }] = await Promise.all([
    import('node:stream'),
    import('node:zlib'),
  ]);
  const source = Readable.from(whole, { objectMode: false });
  // Iterating over the last stream throws the errors of both, so the callback does nothing.
  return pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
}

async function* startingWith(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** The file as it is stored. Two versions of it, mixed, would look like contents. */
async function* storedChunks(path: string): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path);
  try {
    const before = await file.stat({ bigint: true });
    // What a driver makes up, as in /proc, has neither a size nor versions.
    const isStored = before.size > 0n;
    let length = 0n;
    // Not beyond its size, because a reader might never reach the end of a file that grows.
    while (!isStored || length <= before.size) {
      const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) break;
      length += BigInt(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
    const { size, mtimeNs } = await file.stat({ bigint: true });
    if (!isStored || (size === before.size && mtimeNs === before.mtimeNs)) return;
    throw new LetheError(
      'ERR_FILE_CHANGED',
      `${path} was written to while it was read: read it again when its writer is done`,
    );
  } finally {
    await file.close();
  }
}
