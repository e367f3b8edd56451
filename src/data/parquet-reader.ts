import { isInstance } from '../base/arguments.js';
import { refuseForeignFile } from '../base/contents.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import type { NameRole } from './missing.js';
import {
  decodeText,
  type ParquetColumn,
  type ParquetFile,
  withParquetFile,
} from './parquet-file.js';
import { partFiles, requireSameColumns } from './part-files.js';
import {
  assembleTable,
  elementNames,
  findColumns,
  type TableColumns,
  type TableOptions,
} from './table.js';
import { TableNames } from './table-names.js';
import { ListLengths, toFloat } from './typed-cells.js';

/** The names of a table's parts in a folder. */
const PART_ENDINGS = ['.parquet', '.parq', '.pq'];

/** The features, once as read and once in native memory, and the labels, owners and ids. */
const bytesNeeded = (rows: number, columns: number) => rows * (8 * columns + 32);

/**
 * The work of loadParquet, in the calling process.
 *
 * @throws {LetheError} as loadParquet
 */
export async function readParquet(path: string, options: TableOptions): Promise<DatasetContents> {
  const files = await partFiles(path, PART_ENDINGS);
  const outline = await outlineOf(files, options);
  requireMemory(path, bytesNeeded(outline.rows, outline.width));
  const table = new ParquetTable(path, outline, options);
  for (const file of files) await withParquetFile(file, (part) => table.read(part));
  return assembleTable(path, table.finish(), options);
}

/** What the footers tell of a table. */
interface Outline {
  readonly file: string;
  readonly names: readonly string[];
  readonly columns: TableColumns;
  readonly rows: number;
  /** How many features each column of them is. */
  readonly widths: readonly number[];
  /** The sum of the widths. */
  readonly width: number;
}

async function outlineOf(files: readonly string[], options: TableOptions): Promise<Outline> {
  let first: Pick<Outline, 'file' | 'names' | 'columns'> | undefined;
  let rows = 0;
  const values: number[] = [];
  for (const path of files) {
    await refuseForeignFile(path, 'parquet');
    await withParquetFile(path, async ({ columns, rows: more }) => {
      const part = { file: path, names: columns.map(({ name }) => name) };
      if (first) requireSameColumns(first, part);
      else first = { ...part, columns: findColumns(path, part.names, options) };
      rows += more;
      for (const [position, column] of first.columns.features.entries()) {
        values[position] = (values[position] ?? 0) + columns[column]!.values;
      }
    });
  }
  // Where lists differ in length, none of these is right; their reading finds the first that does.
  const widths = values.map((count) => Math.max(1, Math.floor(count / Math.max(1, rows))));
  const width = widths.reduce((sum, more) => sum + more, 0);
  return { ...first!, rows, widths, width };
}

/** The cells of one or several files. */
class ParquetTable {
  readonly #outline: Outline;
  readonly #features: Float32Array;
  readonly #names: TableNames;
  readonly #lengths = new ListLengths();
  #rowsBefore = 0;

  /** @param path appears in error messages */
  constructor(path: string, outline: Outline, options: TableOptions) {
    this.#outline = outline;
    this.#features = new Float32Array(outline.rows * outline.width);
    this.#names = new TableNames(path, options);
  }

  async read(file: ParquetFile): Promise<void> {
    const { columns, widths } = this.#outline;
    let offset = 0;
    for (const [position, column] of columns.features.entries()) {
      await this.#readFeatures(file, file.columns[column]!, offset);
      offset += widths[position]!;
    }
    for (const role of this.#names.roles) await this.#readNames(file, columns[role]!, role);
    this.#rowsBefore += file.rows;
  }

  finish() {
    this.#requireWidths();
    const { names, columns } = this.#outline;
    const featureNames = columns.features.flatMap((column) => {
      const length = this.#lengths.of(names[column]!);
      return length === undefined ? [names[column]!] : elementNames(names[column]!, length);
    });
    return {
      features: this.#features,
      featureNames,
      ...this.#names.finish(),
    };
  }

  /** What the footers announce must be what there was. */
  #requireWidths(): void {
    const { file, names, columns, widths } = this.#outline;
    for (const [position, column] of columns.features.entries()) {
      const length = this.#lengths.of(names[column]!) ?? 1;
      if (length === widths[position] || this.#outline.rows === 0) continue;
      throw invalidData(
        file,
        `the column ${names[column]} announces ${widths[position]} values a row, but has ${length}`,
      );
    }
  }

  async #readFeatures(file: ParquetFile, column: ParquetColumn, offset: number): Promise<void> {
    const { path } = file;
    const { name, shape } = column;
    if (shape === 'other') {
      throw invalidData(
        path,
        `the column ${name} is nested: a cell must be one value or a list of numbers`,
      );
    }
    requireNoTime(path, column, 'numbers, e.g. days since a date');
    const at = (row: number) => (this.#rowsBefore + row) * this.#outline.width + offset;
    if (shape === 'value') {
      await file.read(column, (value, row) => {
        this.#features[at(row)] = toFloat(value, path, row, name);
      });
      return;
    }
    await file.read(column, (value, row) => {
      const list = this.#lengths.check(value, path, row, name);
      for (let i = 0; i < list.length; i++) {
        this.#features[at(row) + i] = toFloat(list[i], path, row, `${name}[${i}]`);
      }
    });
  }

  async #readNames(file: ParquetFile, position: number, role: NameRole): Promise<void> {
    const column = file.columns[position]!;
    const { path } = file;
    const { name, shape, element } = column;
    if (shape !== 'value') {
      throw invalidData(path, `the column ${name} is nested: a cell must be one value`);
    }
    requireNoTime(path, column, 'texts');
    const isEnum = element.converted_type === 'ENUM' || element.logical_type?.type === 'ENUM';
    await file.read(column, (cell, row) => {
      const value = isEnum && isInstance(cell, Uint8Array) ? decodeText(cell) : cell;
      this.#names.push(value, { file: path, row, column: name, role });
    });
  }
}

/** @throws {LetheError} ERR_INVALID_DATA: dates and times, which no one way turns into features or names. */
function requireNoTime(path: string, { name, element }: ParquetColumn, remedy: string): void {
  const type = element.logical_type?.type ?? element.converted_type ?? element.type;
  if (!/^(DATE|TIME|INTERVAL|INT96)/.test(type ?? '')) return;
  throw invalidData(
    path,
    `the column ${name} holds dates or times (${type}): convert them to ${remedy}, before you write the file`,
  );
}
