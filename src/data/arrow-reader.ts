import type { Field, RecordBatch, Schema, Vector } from 'apache-arrow';
import { invalidData } from '../base/invalid-data.js';
import type { DatasetContents } from '../engine/labelled-data.js';
import { type Arrow, importArrow, readBatches } from './arrow-file.js';
import { ArrowTypes } from './arrow-types.js';
import { categoryRemedy } from './encode-remedy.js';
import { FeatureCells, featuresOf } from './feature-cells.js';
import { FeatureValues } from './feature-values.js';
import type { NameRole } from './missing.js';
import { partFiles, requireSameColumns } from './part-files.js';
import { assembleTable, findColumns, type TableColumns, type TableOptions } from './table.js';
import { TableNames } from './table-names.js';
import { ListLengths } from './typed-cells.js';

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

/** Where the features of a cell belong. */
interface FeaturePlace {
  readonly row: number;
  /** Of the column. */
  readonly name: string;
  /** The place of the first one among the features. */
  readonly feature: number;
}

/** The cells of one or several files. */
class ArrowTable {
  readonly #types: ArrowTypes;
  /** Of each column of features, as in the first file. */
  readonly #areLists = new Map<string, boolean>();
  /** The columns of features that hold texts in this file. */
  readonly #texts = new Set<string>();
  readonly #options: TableOptions;
  readonly #lengths = new ListLengths();
  readonly #features: FeatureValues;
  readonly #names: TableNames;
  /** Set with the first row, which says how long lists are. */
  #featureCells: FeatureCells | undefined;
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
    for (const column of columns.features) this.#enterFeature(fields[column]!);
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
    if (rows > 0) this.#featureCells ??= this.#begin(cells.map((cellOf) => cellOf(0)));
    for (let row = 0; row < rows; row++) {
      let feature = 0;
      for (const [position, column] of columns.features.entries()) {
        const place = { row: this.#rowsBefore + row, name: names[column]!, feature };
        feature += this.#pushFeatures(cells[position]!(row), place);
      }
    }
    for (const role of this.#names.roles) this.#pushNames(batch, columns[role]!, role);
    this.#rowsBefore += rows;
  }

  finish() {
    const features = this.#features.finish();
    return {
      features,
      featureNames: this.#featureCells?.names ?? [],
      encoding: this.#featureCells?.finish(features),
      ...this.#names.finish(),
    };
  }

  #enterFeature(field: Field): void {
    const { name, type } = field;
    const isList = this.#types.isList(type);
    const isCategory = this.#types.isCategory(type);
    const isRight =
      this.#types.isFeature(type) || (isCategory && this.#options.encode !== undefined);
    const remedy = isCategory ? `, or, ${categoryRemedy(name)}` : '';
    this.#requireType(field, isRight, 'a number, a boolean or a list of these', remedy);
    const wasList = this.#areLists.get(name) ?? isList;
    const expected = `${wasList ? 'a list' : 'one value'} as in ${this.#first!.file}`;
    this.#requireType(field, isList === wasList, expected);
    this.#areLists.set(name, isList);
    if (this.#types.isText(type)) this.#texts.add(name);
    else this.#texts.delete(name);
  }

  #requireType({ name, type }: Field, isRight: boolean, expected: string, remedy = ''): void {
    if (isRight) return;
    throw invalidData(
      this.#file,
      `the column ${name} has the type ${type}, but must be ${expected}: convert it before you write the ` +
        `file${remedy}`,
    );
  }

  /** @param cells of the first row */
  #begin(cells: readonly unknown[]): FeatureCells {
    const { names, columns } = this.#first!;
    const features = columns.features.flatMap((column, position) => {
      const name = names[column]!;
      const list =
        this.#areLists.get(name) && this.#listIn(cells[position], this.#rowsBefore, name);
      return featuresOf(this.#file, name, list ? list.length : undefined);
    });
    return new FeatureCells(this.#file, features, this.#options);
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
    const isList = this.#areLists.get(name) ?? true;
    if (isList || this.#texts.has(name)) return (row) => vector.get(row);
    const values = this.#types.valuesOf(vector);
    return (row) => values[row];
  }

  /** Pushes the features that a cell is, and says how many they are. */
  #pushFeatures(cell: unknown, { row, name, feature }: FeaturePlace): number {
    if (!this.#areLists.get(name)) {
      this.#pushValue(cell, row, feature);
      return 1;
    }
    const list = this.#listIn(cell, row, name);
    this.#features.reserve(list.length);
    for (let i = 0; i < list.length; i++) this.#pushValue(list[i], row, feature + i);
    return list.length;
  }

  #pushValue(cell: unknown, row: number, feature: number): void {
    const cells = this.#featureCells!;
    this.#requireUtf8(cell, row, cells.names[feature]!);
    this.#features.push(cells.value(feature, cell, this.#file, row));
  }

  #listIn(cell: unknown, row: number, name: string): ArrayLike<unknown> {
    const values = isVector(cell) ? this.#types.valuesOf(cell) : cell;
    return this.#lengths.check(values, this.#file, row, name);
  }

  #pushNames(batch: RecordBatch, column: number, role: NameRole): void {
    const name = this.#first!.names[column]!;
    const cells = this.#cellsOf(batch, column);
    for (let i = 0; i < batch.numRows; i++) {
      const row = this.#rowsBefore + i;
      const cell = cells(i);
      this.#requireUtf8(cell, row, name);
      this.#names.push(cell, { file: this.#file, row, column: name, role });
    }
  }

  /** The library decodes leniently, and so two owners or categories could become one. */
  #requireUtf8(cell: unknown, row: number, column: string): void {
    if (typeof cell !== 'string' || !cell.includes('\ufffd')) return;
    throw invalidData(this.#file, `row ${row + 1}, column ${column} is not text in UTF-8`);
  }
}

const isVector = (cell: unknown): cell is Vector =>
  typeof cell === 'object' && cell !== null && 'toArray' in cell;
