import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry, ZipFile } from 'yauzl';
import { refuseForeignFile } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { ioError } from '../base/io-error.js';
import { lazyPackage } from '../base/lazy.js';
import { listed } from '../base/listed.js';
import { openRegular } from '../base/regular-file.js';
import { MAX_HEADER_BYTES, NPY_MAGIC, type NpyHeader, parseNpyHeader } from './npy-header.js';

/** One array. */
export interface NpyArray {
  /** Its file, for error messages. */
  readonly name: string;
  readonly header: NpyHeader;
  /** Its elements, in pieces of whole elements that belong to the caller. To be read once. */
  readonly elements: AsyncIterable<Buffer>;
}

/** Where arrays lie by name. */
interface ArrayFiles {
  /** Ends in `.npy`. */
  readonly files: readonly string[];
  /** The whole size of a file, and its contents. */
  open(file: string): Promise<{ bytes: number; contents: AsyncIterable<Buffer> }>;
  close(): void;
}

/** More are no data set, but an attack on the memory. */
const MOST_ARRAYS = 10_000;

/** Arrays by name: those of an .npz archive, or of the .npy files in a folder. */
export class NpyArrays {
  readonly #path: string;
  readonly #source: ArrayFiles;

  private constructor(path: string, source: ArrayFiles) {
    this.#path = path;
    this.#source = source;
  }

  /** @throws {LetheError} ERR_IO; ERR_INVALID_DATA: neither a folder nor a zip archive */
  static async open(path: string): Promise<NpyArrays> {
    const source = await accessing(path, async () => {
      const isFolder = (await stat(path)).isDirectory();
      return isFolder ? folderFiles(path) : archiveFiles(path);
    });
    return new NpyArrays(path, source);
  }

  /**
   * @throws {LetheError} ERR_INVALID_ARGUMENT: there is no such array. ERR_INVALID_DATA: its header is
   * damaged, or its size is another than the header says. ERR_IO.
   */
  async array(name: string): Promise<NpyArray> {
    const file = `${name}.npy`;
    if (!this.#source.files.includes(file)) {
      const names = this.#source.files.map((other) => other.slice(0, -'.npy'.length));
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `${this.#path} has no array ${name}; it has ${listed(names) || 'none'}`,
      );
    }
    const shown = join(this.#path, file);
    const { bytes, contents } = await accessing(shown, () => this.#source.open(file));
    const chunks = checked(shown, contents);
    try {
      const first = await readAtLeast(chunks, MAX_HEADER_BYTES);
      const header = parseNpyHeader(first, shown);
      requireSize(shown, header, bytes);
      return { name: shown, header, elements: wholeElements(first, chunks, header) };
    } catch (error) {
      await chunks.return();
      throw error;
    }
  }

  close(): void {
    this.#source.close();
  }
}

function requireSize(name: string, { shape, size, start, count }: NpyHeader, bytes: number): void {
  const announced = start + count * size;
  if (announced === bytes) return;
  throw invalidData(
    name,
    `its header announces ${shape.join(' x ')} elements of ${size} bytes, which are ${announced} bytes with ` +
      `the header, but it has ${bytes}`,
  );
}

async function accessing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asLetheError(path, cause);
  }
}

/** What the system reports is about access; what else fails is a fault of the archive. */
function asLetheError(path: string, cause: unknown): LetheError {
  if (cause instanceof LetheError) return cause;
  const { message, syscall } = cause as NodeJS.ErrnoException;
  if (syscall !== undefined) return ioError('read', path, cause);
  return invalidData(path, `it cannot be read: ${message}`, cause);
}

async function* checked(path: string, contents: AsyncIterable<Buffer>): Chunks {
  try {
    yield* contents;
  } catch (cause) {
    throw asLetheError(path, cause);
  }
}

async function folderFiles(folder: string): Promise<ArrayFiles> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.npy'));
  return {
    files,
    async open(file) {
      const handle = await openRegular(join(folder, file));
      return { bytes: (await handle.stat()).size, contents: handle.createReadStream() };
    },
    close() {},
  };
}

const yauzl = lazyPackage<typeof import('yauzl')>('yauzl');

async function archiveFiles(path: string): Promise<ArrayFiles> {
  await refuseForeignFile(path, 'numpy');
  await requireArchive(path);
  const { openPromise } = yauzl();
  const archive = await openPromise(path, { autoClose: false, lazyEntries: true });
  try {
    const entries = await entriesOf(path, archive);
    return {
      files: [...entries.keys()],
      async open(file) {
        const entry = entries.get(file)!;
        const contents = await archive.openReadStreamPromise(entry);
        return { bytes: entry.uncompressedSize, contents: withChecksum(contents, entry) };
      },
      close: () => archive.close(),
    };
  } catch (error) {
    archive.close();
    throw error;
  }
}

/** A file of one array has no name for it. */
async function requireArchive(path: string): Promise<void> {
  const file = await openRegular(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(NPY_MAGIC.length), 0, NPY_MAGIC.length, 0);
    if (!buffer.equals(NPY_MAGIC)) return;
  } finally {
    await file.close();
  }
  throw invalidData(
    path,
    'it is one array: name the folder that holds it and that of the labels, or save both with numpy.savez',
  );
}

async function entriesOf(path: string, archive: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of archive.eachEntry()) {
    if (!entry.fileName.endsWith('.npy')) continue;
    if (entries.has(entry.fileName)) {
      throw invalidData(path, `it holds two arrays of the name ${entry.fileName}`);
    }
    if (entries.size === MOST_ARRAYS)
      throw invalidData(path, `it holds more than ${MOST_ARRAYS} arrays`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

/** The library checks sizes, but not the checksum. */
async function* withChecksum(
  contents: AsyncIterable<Buffer>,
  entry: Entry,
): AsyncGenerator<Buffer> {
  const { crc32 } = await import('node:zlib');
  let checksum = 0;
  for await (const chunk of contents) {
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (checksum !== entry.crc32) throw new Error('its contents are not as their checksum says');
}

type Chunks = AsyncGenerator<Buffer, void, void>;

async function readAtLeast(chunks: Chunks, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < bytes; ) {
    const { value } = await chunks.next();
    if (!value) break;
    parts.push(value);
    length += value.length;
  }
  return Buffer.concat(parts);
}

/** The contents after the header, in pieces that end where an element does. */
async function* wholeElements(
  first: Buffer,
  chunks: Chunks,
  { start, size }: NpyHeader,
): AsyncGenerator<Buffer> {
  let rest: Buffer = first.subarray(start);
  try {
    for (;;) {
      const whole = rest.length - (rest.length % size);
      if (whole > 0) yield rest.subarray(0, whole);
      const { value } = await chunks.next();
      if (!value) return;
      rest = Buffer.concat([rest.subarray(whole), value]);
    }
  } finally {
    await chunks.return();
  }
}
