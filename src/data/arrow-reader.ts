import type { Field, RecordBatch, Schema, Vector } from 'apache-arrow';
import { invalidData } from '../base/invalid-data.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import { type Arrow, importArrow, readBatches } from './arrow-file.js';
import { ArrowTypes } from './arrow-types.js';
import { FeatureValues } from './feature-values.js';
import type { NameRole } from './missing.js';
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
const PART_ENDINGS = ['.arrow', '.arrows', '.feather', '.ipc'];

/**
 * The work of loadArrow, in the calling process.
 *
 * @throws {LetheError} as loadArrow
 */
export async function readArrow(path: string, options: TableOptions): Promise<DatasetContents> {
  const files = await partFiles(path, PART_ENDINGS);
  const arrow = await importArrow();
  const table = new ArrowTable(path, options, arrow);
  for (const file of files) {
    await readBatches(
      file,
      arrow,
      (schema) => table.enter(file, schema),
      (batch) => table.push(batch),
    );
  }
  return assembleTable(path, table.finish(), options);
}

interface Part {
  readonly file: string;
  readonly names: readonly string[];
}

/** The cells of one or several files. */
class ArrowTable {
  readonly #types: ArrowTypes;
  /** The names of the features that are no lists. */
  readonly #numbers = new Set<string>();
  readonly #options: TableOptions;
  readonly #lengths = new ListLengths();
  readonly #features: FeatureValues;
  readonly #names: TableNames;
  #first: (Part & { readonly columns: TableColumns }) | undefined;
  #file: string;
  /** Rows of this file in earlier batches. */
  #rowsBefore = 0;

  /** @param path appears in error messages */
  constructor(path: string, options: TableOptions, arrow: Arrow) {
    this.#types = new ArrowTypes(arrow);
    this.#file = path;
    this.#options = options;
    this.#features = new FeatureValues(path);
    this.#names = new TableNames(path, options);
  }

  /** What is pushed from now on is of this file. */
  enter(file: string, { fields }: Schema): void {
    this.#file = file;
    this.#rowsBefore = 0;
    const names = fields.map(({ name }) => name);
    if (this.#first) requireSameColumns(this.#first, { file, names });
    else this.#first = { file, names, columns: findColumns(file, names, this.#options) };
    const { columns } = this.#first;
    for (const column of columns.features) {
      const { name, type } = fields[column]!;
      if (!this.#types.isList(type)) this.#numbers.add(name);
      const isRight = this.#types.isFeature(type);
      this.#requireType(fields[column]!, isRight, 'a number, a boolean or a list of these');
    }
    for (const role of this.#names.roles) {
      const field = fields[columns[role]!]!;
      const isRight = this.#types.isName(field.type);
      this.#requireType(field, isRight, 'a text, a whole number or a boolean');
    }
  }

  push(batch: RecordBatch): void {
    const { names, columns } = this.#first!;
    const { numRows: rows } = batch;
    // Before anything becomes as long as the batch says that it is.
    this.#features.reserve(rows * columns.features.length);
    const cells = columns.features.map((column) => this.#cellsOf(batch, column));
    for (let row = 0; row < rows; row++) {
      for (const [position, column] of columns.features.entries()) {
        this.#pushFeature(cells[position]!(row), this.#rowsBefore + row, names[column]!);
      }
    }
    for (const role of this.#names.roles) this.#pushNames(batch, columns[role]!, role);
    this.#rowsBefore += rows;
  }

  finish() {
    const { names, columns } = this.#first!;
    const featureNames = columns.features.flatMap((column) => {
      const length = this.#lengths.of(names[column]!);
      return length === undefined ? [names[column]!] : elementNames(names[column]!, length);
    });
    return {
      features: this.#features.finish(),
      featureNames,
      ...this.#names.finish(),
    };
  }

  #requireType({ name, type }: Field, isRight: boolean, expected: string): void {
    if (isRight) return;
    throw invalidData(
      this.#file,
      `the column ${name} has the type ${type}, but must be ${expected}: convert it before you write the file`,
    );
  }

  /** The values of a column of numbers are read at once, which is faster; other cells one by one. */
  #cellsOf(batch: RecordBatch, column: number): (row: number) => unknown {
    const name = this.#first!.names[column]!;
    const vector = batch.getChildAt(column);
    if (vector?.length !== batch.numRows) {
      throw invalidData(
        this.#file,
        `the column ${name} has ${vector?.length ?? 0} of ${batch.numRows} rows`,
      );
    }
    if (!this.#numbers.has(name)) return (row) => vector.get(row);
    const values = this.#types.valuesOf(vector);
    return (row) => values[row];
  }

  #pushFeature(cell: unknown, row: number, name: string): void {
    if (this.#numbers.has(name)) {
      this.#features.push(toFloat(cell, this.#file, row, name));
      return;
    }
    const values = isVector(cell) ? this.#types.valuesOf(cell) : cell;
    const list = this.#lengths.check(values, this.#file, row, name);
    this.#features.reserve(list.length);
    for (let i = 0; i < list.length; i++) {
      this.#features.push(toFloat(list[i], this.#file, row, `${name}[${i}]`));
    }
  }

  #pushNames(batch: RecordBatch, column: number, role: NameRole): void {
    const name = this.#first!.names[column]!;
    const cells = this.#cellsOf(batch, column);
    for (let i = 0; i < batch.numRows; i++) {
      const row = this.#rowsBefore + i;
      const cell = cells(i);
      // The library decodes leniently, and so two owners could become one.
      if (typeof cell === 'string' && cell.includes('\ufffd')) {
        throw invalidData(this.#file, `row ${row + 1}, column ${name} is not text in UTF-8`);
      }
      this.#names.push(cell, { file: this.#file, row, column: name, role });
    }
  }
}

const isVector = (cell: unknown): cell is Vector =>
  typeof cell === 'object' && cell !== null && 'toArray' in cell;
