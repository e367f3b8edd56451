import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, ParquetParsers, RowGroup, SchemaTree } from 'hyparquet';
import { describeValue } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import type { RowId } from '../engine/packed-ids.js';
import { assembleTable, findColumns, type TableOptions, TextColumn } from './table.js';

/** The most rows of a data set. */
const MAX_ROWS = 2 ** 32 - 1;

/** The features, once as read and once in native memory, and the labels and owners. */
const bytesNeeded = (rows: number, columns: number) => rows * (8 * columns + 32);

/**
 * The work of loadParquet, in the calling process.
 *
 * @throws {LetheError} as loadParquet
 */
export async function readParquet(path: string, options: TableOptions): Promise<DatasetContents> {
  const file = await accessing(path, () => open(path));
  try {
    const reader = await ParquetReader.open(path, file);
    const names = reader.columns.map(({ element }) => element.name);
    const { label, owner, id, features, featureNames } = findColumns(path, names, options);
    const { rows } = reader;
    requireMemory(path, bytesNeeded(rows, features.length));
    const values = new Float32Array(rows * features.length);
    for (const [position, column] of features.entries()) {
      await reader.read(column, (value, row) => {
        values[row * features.length + position] = toFloat(value, path, row, names[column]!);
      });
    }
    return assembleTable(
      path,
      {
        features: values,
        featureNames,
        labels: await readTexts(reader, label),
        owners: owner === undefined ? undefined : await readTexts(reader, owner),
        ids: id === undefined ? undefined : await readIds(reader, id),
      },
      options,
    );
  } finally {
    await file.close();
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function accessing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new LetheError('ERR_IO', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Checks the footer against the file before anything is read or allocated by its numbers. */
class ParquetReader {
  readonly path: string;
  readonly #file: AsyncBuffer;
  readonly #metadata: FileMetaData;
  readonly columns: readonly SchemaTree[];
  readonly rows: number;

  private constructor(path: string, file: AsyncBuffer, metadata: FileMetaData, root: SchemaTree) {
    this.path = path;
    this.#file = file;
    this.#metadata = metadata;
    this.columns = root.children;
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
    for (const group of metadata.row_groups) this.#checkGroup(group);
  }

  static async open(path: string, file: OpenFile): Promise<ParquetReader> {
    const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
    const buffer = await asyncBuffer(path, file);
    return guarded(path, async () => {
      const metadata = await parquetMetadataAsync(buffer);
      return new ParquetReader(path, buffer, metadata, parquetSchema(metadata));
    });
  }

  /** Calls `take` with every cell of a column. */
  async read(column: number, take: (value: unknown, row: number) => void): Promise<void> {
    const { element, children } = this.columns[column]!;
    if (children.length > 0 || element.repetition_type === 'REPEATED') {
      throw invalidData(
        this.path,
        `the column ${element.name} is nested: a cell must be one value`,
      );
    }
    let rowStart = 0;
    for (const group of this.#metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      let row = rowStart;
      for (const chunk of await this.#readChunks(element.name, rowStart, rowEnd)) {
        for (const value of chunk) take(value, row++);
      }
      if (row !== rowEnd) {
        throw invalidData(
          this.path,
          `the column ${element.name} has ${row - rowStart} of ${rowEnd - rowStart} rows`,
        );
      }
      rowStart = rowEnd;
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

  #checkGroup({ columns, num_rows: rows }: RowGroup): void {
    for (const { meta_data: column } of columns) {
      if (!column) throw invalidData(this.path, 'a column is stored in another file');
      const name = column.path_in_schema.join('.');
      if (column.path_in_schema.length === 1 && column.num_values !== rows) {
        throw invalidData(
          this.path,
          `the column ${name} has ${column.num_values} of ${rows} values`,
        );
      }
      requireMemory(`the column ${name} of ${this.path}`, Number(column.total_uncompressed_size));
    }
  }
}

async function asyncBuffer(path: string, file: OpenFile): Promise<AsyncBuffer> {
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

/** The library provides parsers for every other type. */
const TEXT_PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes),
} as ParquetParsers;

async function readTexts(reader: ParquetReader, column: number): Promise<TextColumn> {
  const texts = new TextColumn(reader.path);
  const { name } = reader.columns[column]!.element;
  await reader.read(column, (value, row) => {
    const isText = typeof value === 'string' ? value !== '' : isWhole(value);
    if (!isText) throw invalidCell(reader.path, name, row, value, 'a text or a whole number');
    texts.push(String(value));
  });
  return texts;
}

/** Whole numbers stay numbers, also those beyond 2^53, and texts stay texts. */
async function readIds(reader: ParquetReader, column: number): Promise<RowId[]> {
  const ids: RowId[] = [];
  const { name } = reader.columns[column]!.element;
  await reader.read(column, (value, row) => {
    const isId = typeof value === 'string' ? value !== '' : isWhole(value);
    if (!isId || typeof value === 'boolean') {
      throw invalidCell(reader.path, name, row, value, 'a text or a whole number');
    }
    ids.push(value as RowId);
  });
  return ids;
}

function toFloat(value: unknown, path: string, row: number, column: string): number {
  const isNumeric = typeof value === 'number' || typeof value === 'bigint';
  const single = isNumeric ? Math.fround(Number(value)) : Number.NaN;
  if (!Number.isFinite(single)) throw invalidCell(path, column, row, value, 'a finite number');
  return single;
}

function invalidCell(path: string, column: string, row: number, value: unknown, expected: string) {
  const found = value === null || value === undefined ? 'is empty' : `is ${describeValue(value)}`;
  return invalidData(path, `row ${row + 1}, column ${column} ${found}, not ${expected}`);
}

function isWhole(value: unknown): boolean {
  return typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value);
}
