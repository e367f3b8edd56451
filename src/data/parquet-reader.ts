import { isInstance } from '../base/arguments.js';
import { refuseForeignFile } from '../base/contents.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import { type Feature, FeatureCells, featuresOf } from './feature-cells.js';
import type { NameRole } from './missing.js';
import {
  decodeText,
  type ParquetColumn,
  type ParquetFile,
  withParquetFile,
} from './parquet-file.js';
import { partFiles, requireSameColumns } from './part-files.js';
import { assembleTable, findColumns, type TableColumns, type TableOptions } from './table.js';
import { TableNames } from './table-names.js';
import { ListLengths } from './typed-cells.js';

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
  /** Of each column of them. */
  readonly shapes: readonly ParquetColumn['shape'][];
}

async function outlineOf(files: readonly string[], options: TableOptions): Promise<Outline> {
  let first: Pick<Outline, 'file' | 'names' | 'columns' | 'shapes'> | undefined;
  let rows = 0;
  const values: number[] = [];
  for (const path of files) {
    await refuseForeignFile(path, 'parquet');
    await withParquetFile(path, async ({ columns, rows: more }) => {
      const part = { file: path, names: columns.map(({ name }) => name) };
      if (first) requireSameColumns(first, part);
      const roles = first?.columns ?? findColumns(path, part.names, options);
      const shapes = roles.features.map((column) => columns[column]!.shape);
      first ??= { ...part, columns: roles, shapes };
      requireSameShapes(first, path, shapes);
      rows += more;
      for (const [position, column] of roles.features.entries()) {
        values[position] = (values[position] ?? 0) + columns[column]!.values;
      }
    });
  }
  // Where lists differ in length, none of these is right; their reading finds the first that does.
  const widths = values.map((count) => Math.max(1, Math.floor(count / Math.max(1, rows))));
  const width = widths.reduce((sum, more) => sum + more, 0);
  return { ...first!, rows, widths, width };
}

/** @throws {LetheError} ERR_INVALID_DATA: a column holds lists in one part of a table, and not in another. */
function requireSameShapes(
  first: Pick<Outline, 'file' | 'names' | 'columns' | 'shapes'>,
  path: string,
  shapes: Outline['shapes'],
): void {
  const other = shapes.findIndex((shape, position) => shape !== first.shapes[position]);
  if (other < 0) return;
  const name = first.names[first.columns.features[other]!];
  const found = { value: 'single values', list: 'lists', other: 'nested values' }[shapes[other]!];
  throw invalidData(path, `the column ${name} holds ${found}, other than in ${first.file}`);
}

function featuresIn(path: string, { names, columns, shapes, widths }: Outline): Feature[] {
  return columns.features.flatMap((column, position) =>
    featuresOf(path, names[column]!, shapes[position] === 'list' ? widths[position] : undefined),
  );
}

/** The cells of one or several files. */
class ParquetTable {
  readonly #outline: Outline;
  readonly #features: Float32Array;
  readonly #cells: FeatureCells;
  readonly #names: TableNames;
  readonly #lengths = new ListLengths();
  #rowsBefore = 0;

  /** @param path appears in error messages */
  constructor(path: string, outline: Outline, options: TableOptions) {
    this.#outline = outline;
    this.#features = new Float32Array(outline.rows * outline.width);
    this.#cells = new FeatureCells(path, featuresIn(path, outline), options);
    this.#names = new TableNames(path, options);
  }

  async read(file: ParquetFile): Promise<void> {
    const { columns, widths } = this.#outline;
    let offset = 0;
    for (const [position, column] of columns.features.entries()) {
      const width = widths[position]!;
      await this.#readFeatures(file, file.columns[column]!, { offset, width });
      offset += width;
    }
    for (const role of this.#names.roles) await this.#readNames(file, columns[role]!, role);
    this.#rowsBefore += file.rows;
  }

  finish() {
    this.#requireWidths();
    return {
      features: this.#features,
      featureNames: this.#cells.names,
      encoding: this.#cells.finish(this.#features),
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

  async #readFeatures(
    file: ParquetFile,
    column: ParquetColumn,
    { offset, width }: { readonly offset: number; readonly width: number },
  ): Promise<void> {
    const { path } = file;
    const { name, shape, element } = column;
    if (shape === 'other') {
      throw invalidData(
        path,
        `the column ${name} is nested: a cell must be one value or a list of numbers`,
      );
    }
    requireNoTime(path, column, 'numbers, e.g. days since a date');
    const isEnum = isEnumeration(element);
    const put = (value: unknown, row: number, feature: number) => {
      const cell = isEnum && isInstance(value, Uint8Array) ? decodeText(value) : value;
      const at = (this.#rowsBefore + row) * this.#outline.width + feature;
      this.#features[at] = this.#cells.value(feature, cell, path, row);
    };
    if (shape === 'value') {
      await file.read(column, (value, row) => put(value, row, offset));
      return;
    }
    await file.read(column, (value, row) => {
      const list = this.#lengths.check(value, path, row, name);
      // A list that is longer than announced is refused after one of another length has been found.
      const length = Math.min(list.length, width);
      for (let i = 0; i < length; i++) put(list[i], row, offset + i);
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
    const isEnum = isEnumeration(element);
    await file.read(column, (cell, row) => {
      const value = isEnum && isInstance(cell, Uint8Array) ? decodeText(cell) : cell;
      this.#names.push(value, { file: path, row, column: name, role });
    });
  }
}

/** Its texts are stored as bytes. */
function isEnumeration({ converted_type, logical_type }: ParquetColumn['element']): boolean {
  return converted_type === 'ENUM' || logical_type?.type === 'ENUM';
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
