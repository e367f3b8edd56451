import type { FileHandle } from 'node:fs/promises';
import type {
  AsyncBuffer,
  ColumnMetaData,
  FileMetaData,
  ParquetParsers,
  RowGroup,
  SchemaElement,
  SchemaTree,
} from 'hyparquet';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { ioError } from '../base/io-error.js';
import { requireMemory } from '../base/memory.js';
import { openRegular } from '../base/regular-file.js';
import { verifyChecksums } from './parquet-checksums.js';

/** The most rows of a data set. */
const MAX_ROWS = 2 ** 32 - 1;

/** A column of a file. */
export interface ParquetColumn {
  readonly name: string;
  /** `list`: each cell is a list of values; `other`: a structure, a map, or a list of lists. */
  readonly shape: 'value' | 'list' | 'other';
  /** The type of its values. */
  readonly element: SchemaElement;
  /** All values in the file, those of lists counted singly, and empty cells too. */
  readonly values: number;
}

/**
 * Opens a Parquet file for as long as the work takes.
 *
 * @throws {LetheError} ERR_IO, ERR_INVALID_DATA, ERR_OUT_OF_MEMORY, and what the work throws
 */
export async function withParquetFile<T>(
  path: string,
  work: (file: ParquetFile) => Promise<T>,
): Promise<T> {
  const handle = await openRegular(path);
  try {
    return await work(await ParquetFile.open(path, handle));
  } finally {
    await handle.close();
  }
}

async function accessing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw ioError('read', path, cause);
  }
}

/** Checks the footer against the file before anything is read or allocated by its numbers. */
export class ParquetFile {
  readonly path: string;
  readonly columns: readonly ParquetColumn[];
  readonly rows: number;
  readonly #file: AsyncBuffer;
  readonly #metadata: FileMetaData;

  private constructor(path: string, file: AsyncBuffer, metadata: FileMetaData, root: SchemaTree) {
    this.path = path;
    this.#file = file;
    this.#metadata = metadata;
    this.rows = Number(metadata.num_rows);
    if (!(this.rows >= 0 && this.rows <= MAX_ROWS)) {
      throw invalidData(
        path,
        `it announces ${metadata.num_rows} rows, but 0..${MAX_ROWS} are possible`,
      );
    }
    const inGroups = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    if (inGroups !== this.rows) {
      throw invalidData(path, `it announces ${this.rows} rows, but has ${inGroups}`);
    }
    const repeated = root.children.filter(({ element }) => element.repetition_type === 'REPEATED');
    const lists = new Set(repeated.map(({ element }) => element.name));
    for (const group of metadata.row_groups) this.#checkGroup(group, lists);
    this.columns = root.children.map((tree) => this.#column(tree));
  }

  static async open(path: string, handle: FileHandle): Promise<ParquetFile> {
    const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
    const buffer = await asyncBuffer(path, handle);
    return guarded(path, async () => {
      const metadata = await parquetMetadataAsync(buffer);
      for (const element of metadata.schema) completeDecimal(element);
      return new ParquetFile(path, buffer, metadata, parquetSchema(metadata));
    });
  }

  /** Calls `take` with every cell of a column; that of a list is an array. */
  async read({ name }: ParquetColumn, take: (value: unknown, row: number) => void): Promise<void> {
    let rowStart = 0;
    for (const group of this.#metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      for (const column of chunksOf(group, name)) await this.#verify(name, column);
      let row = rowStart;
      for (const chunk of await this.#readChunks(name, rowStart, rowEnd)) {
        for (const value of chunk) take(value, row++);
      }
      if (row !== rowEnd) {
        throw invalidData(
          this.path,
          `the column ${name} has ${row - rowStart} of ${rowEnd - rowStart} rows`,
        );
      }
      rowStart = rowEnd;
    }
  }

  async #verify(name: string, column: ColumnMetaData): Promise<void> {
    const start = Number(column.dictionary_page_offset || column.data_page_offset);
    const end = start + Number(column.total_compressed_size);
    const pages = await this.#file.slice(start, end);
    const verified = () => verifyChecksums(pages, Number(column.num_values));
    if (!(await guarded(this.path, verified))) {
      throw invalidData(
        this.path,
        `the column ${name} is damaged: a page is not as its checksum says`,
      );
    }
  }

  async #readChunks(name: string, rowStart: number, rowEnd: number): Promise<Iterable<unknown>[]> {
    const [{ parquetRead }, { compressors }] = await Promise.all([
      import('hyparquet'),
      import('hyparquet-compressors'),
    ]);
    const chunks: Iterable<unknown>[] = [];
    await guarded(this.path, () =>
      parquetRead({
        file: this.#file,
        metadata: this.#metadata,
        columns: [name],
        rowStart,
        rowEnd,
        compressors,
        // Text is decoded strictly, and other bytes stay bytes, which are refused: with lenient
        // decoding two owners could become one.
        utf8: false,
        parsers: TEXT_PARSERS,
        // Must not throw, because the library does not pass the error on.
        onChunk: ({ columnData }) => chunks.push(columnData),
      }),
    );
    return chunks;
  }

  #column(tree: SchemaTree): ParquetColumn {
    const { name } = tree.element;
    const chunks = this.#metadata.row_groups.flatMap((group) => chunksOf(group, name));
    const values = chunks.reduce((sum, chunk) => sum + Number(chunk.num_values), 0);
    return { name, values, ...shapeOf(tree) };
  }

  #checkGroup({ columns, num_rows: rows }: RowGroup, lists: ReadonlySet<string>): void {
    for (const { meta_data: column } of columns) {
      if (!column) throw invalidData(this.path, 'a column is stored in another file');
      const name = column.path_in_schema.join('.');
      const isFlat = column.path_in_schema.length === 1 && !lists.has(name);
      if (isFlat && column.num_values !== rows) {
        throw invalidData(
          this.path,
          `the column ${name} has ${column.num_values} of ${rows} values`,
        );
      }
      requireMemory(`the column ${name} of ${this.path}`, Number(column.total_uncompressed_size));
    }
  }
}

/** The parts of a column in a row group: several if it is a structure. */
function chunksOf({ columns }: RowGroup, name: string): ColumnMetaData[] {
  return columns
    .map(({ meta_data: column }) => column!)
    .filter((column) => column.path_in_schema[0] === name);
}

/** Lists have two levels between the column and its values, in older files one or none. */
function shapeOf({ element, children }: SchemaTree): Pick<ParquetColumn, 'shape' | 'element'> {
  const isRepeated = element.repetition_type === 'REPEATED';
  if (children.length === 0) return { shape: isRepeated ? 'list' : 'value', element };
  const [repeated, ...others] = children as [SchemaTree, ...SchemaTree[]];
  const item = repeated.children[0] ?? repeated;
  const isList =
    element.converted_type === 'LIST' &&
    !isRepeated &&
    others.length === 0 &&
    repeated.element.repetition_type === 'REPEATED' &&
    repeated.children.length <= 1 &&
    item.children.length === 0 &&
    (item === repeated || item.element.repetition_type !== 'REPEATED');
  return { shape: isList ? 'list' : 'other', element: item.element };
}

/** The library applies the scale of a decimal only if it is told in the older of the two ways. */
function completeDecimal(element: SchemaElement): void {
  if (element.logical_type?.type !== 'DECIMAL' || element.converted_type) return;
  element.converted_type = 'DECIMAL';
  element.scale = element.logical_type.scale;
}

async function asyncBuffer(path: string, file: FileHandle): Promise<AsyncBuffer> {
  const { size } = await file.stat();
  return {
    byteLength: size,
    // Where a column lies is checked here alone, before its memory is allocated: a dictionary, of which
    // only the library knows, may precede its values.
    slice: async (start, end = size) => {
      if (!(start >= 0 && start <= end && end <= size)) {
        throw invalidData(path, 'it refers to data beyond its end');
      }
      const buffer = new ArrayBuffer(end - start);
      const { bytesRead } = await accessing(path, () =>
        file.read(new Uint8Array(buffer), 0, end - start, start),
      );
      if (bytesRead < end - start)
        throw invalidData(path, 'it has become shorter while it was read');
      return buffer;
    },
  };
}

/** Turns errors of the library into ERR_INVALID_DATA, because the file causes them. */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    throw invalidData(path, `it cannot be read as Parquet: ${(cause as Error).message}`, cause);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws {TypeError} the bytes are no text in UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The library provides parsers for every other type. */
const TEXT_PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decodeText(bytes),
} as ParquetParsers;
