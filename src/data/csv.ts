import { stat } from 'node:fs/promises';
import { requireText } from '../base/arguments.js';
import { contentChunks, refuseForeignFile } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import { Dataset } from '../engine/dataset.js';
import type { PackedIds, RowId } from '../engine/packed-ids.js';
import { RowIdColumn } from '../engine/row-ids.js';
import {
  assembleTable,
  checkTableOptions,
  findColumns,
  TABLE_OPTIONS,
  type TableColumns,
  type TableOptions,
  TextColumn,
} from './table.js';

export interface CsvOptions extends TableOptions {
  /** One character; default a comma. */
  readonly delimiter?: string;
}

/** The largest row in characters, so that an unclosed quote does not swallow the whole file. */
const MAX_ROW_CHARACTERS = 2 ** 24;

/**
 * The most characters, including buffered ones, that the parser may consume before it emits a row.
 * The parser's own limit counts only the contents of cells, so it misses a row of only delimiters.
 */
const MAX_UNANSWERED_CHARACTERS = 2 * MAX_ROW_CHARACTERS;

/** While growing, the old array of half the size exists too; native memory needs another copy. */
const COPIES = 2.5;

const FIRST_VALUES = 2 ** 16;

/** The most elements of one typed array. */
const MAX_VALUES = 2 ** 32;

/** Rows from whose length the number of rows in the file is estimated. */
const SAMPLE_ROWS = 1000;

/**
 * Reads a table of comma-separated values (RFC 4180) in UTF-8, plain or gzip-compressed, with the
 * column names in the first line, into a data set. Features become float32.
 *
 * @throws {LetheError} ERR_INVALID_DATA: a feature that is not a finite number, an empty label or
 * owner or id, a row of another length, columns without a name or with equal names; says the row.
 * ERR_INVALID_ARGUMENT: a column that does not exist. ERR_DUPLICATE: two rows of one id. ERR_OUT_OF_MEMORY: says how much is needed.
 * ERR_IO.
 */
export async function loadCsv(path: string, options: CsvOptions): Promise<Dataset> {
  requireText('path', path);
  checkTableOptions(options, { ...TABLE_OPTIONS, delimiter: true });
  const { delimiter = ',' } = options;
  if (requireText('delimiter', delimiter).length !== 1 || delimiter === '"') {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `delimiter must be one character, but not a quote, and is ${delimiter}`,
    );
  }
  await refuseForeignFile(path, 'csv');
  let table: Table | undefined;
  for await (const record of records(path, delimiter)) {
    if (table) table.push(record);
    else table = new Table(path, findColumns(path, record, options), (await stat(path)).size);
  }
  if (!table) throw invalidData(path, 'the line with the column names is missing');
  return new Dataset(assembleTable(path, table.finish(), options));
}

/** The rows of a file as texts, including the line of column names. */
async function* records(path: string, delimiter: string): AsyncGenerator<string[]> {
  const [{ pipeline, Readable }, { CsvError, parse }] = await Promise.all([
    import('node:stream'),
    import('csv-parse'),
  ]);
  let unanswered = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const text of decoded(path)) {
      unanswered += text.length;
      if (unanswered > MAX_UNANSWERED_CHARACTERS) {
        throw invalidData(path, `it has a row of more than ${MAX_ROW_CHARACTERS} characters`);
      }
      yield text;
    }
  }
  const parser = parse({
    bom: true,
    delimiter,
    max_record_size: MAX_ROW_CHARACTERS,
    skip_empty_lines: true,
  });
  // Errors reach the loop below. The callback is needed when the reader ends early and aborts the
  // source: without it, that error would have no listener.
  pipeline(Readable.from(counted()), parser, () => {});
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      unanswered = 0;
      yield record;
    }
  } catch (error) {
    if (error instanceof CsvError) throw invalidData(path, error.message, error);
    throw error;
  }
}

async function* decoded(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of contentChunks(path)) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw invalidData(path, 'it is not text in UTF-8', error);
    throw error;
  }
}

/** The ids as whole numbers, if all of them are, since a table's texts have no type. */
function* idsOf(texts: PackedIds): Generator<RowId> {
  const places = Array.from({ length: texts.length }, (_, place) => place);
  const areNumbers = places.every((place) => isWholeNumber(texts.at(place) as string));
  for (const place of places) {
    const text = texts.at(place) as string;
    yield areNumbers ? BigInt(text) : text;
  }
}

/** Written as a number is: 007 and -0 are texts, and so is what 64 bits do not hold. */
function isWholeNumber(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

class Table {
  readonly #file: string;
  readonly #columns: TableColumns;
  readonly #fileBytes: number;
  readonly #labels: TextColumn;
  readonly #owners: TextColumn | undefined;
  readonly #ids: RowIdColumn | undefined;
  #values = new Float32Array(FIRST_VALUES);
  #used = 0;
  #row = 0;
  #sampledBytes = 0;

  /** @param fileBytes the file's size; for a compressed file it underestimates the contents */
  constructor(file: string, columns: TableColumns, fileBytes: number) {
    this.#file = file;
    this.#columns = columns;
    this.#fileBytes = fileBytes;
    this.#labels = new TextColumn(file);
    if (columns.owner !== undefined) this.#owners = new TextColumn(file);
    if (columns.id !== undefined) this.#ids = new RowIdColumn();
  }

  push(record: readonly string[]): void {
    if (++this.#row <= SAMPLE_ROWS) this.#sample(record);
    const { label, owner, id, features } = this.#columns;
    this.#labels.push(this.#text(record[label]!, 'label'));
    if (owner !== undefined) this.#owners!.push(this.#text(record[owner]!, 'owner'));
    if (id !== undefined) this.#ids!.push(this.#text(record[id]!, 'id'));
    if (this.#used + features.length > this.#values.length) this.#grow(features.length);
    for (const column of features) this.#values[this.#used++] = this.#number(record, column);
  }

  finish() {
    return {
      features: this.#values.slice(0, this.#used),
      featureNames: this.#columns.featureNames,
      labels: this.#labels,
      owners: this.#owners,
      ids: this.#ids?.ids && idsOf(this.#ids.ids),
    };
  }

  /** Refuses a file that is too large as soon as its first rows allow an estimate. */
  #sample(record: readonly string[]): void {
    this.#sampledBytes += record.reduce((sum, cell) => sum + cell.length + 1, 0);
    if (this.#row < SAMPLE_ROWS) return;
    const rows = (this.#fileBytes / this.#sampledBytes) * SAMPLE_ROWS;
    this.#requireMemoryFor(rows * this.#columns.features.length);
  }

  #requireMemoryFor(values: number): void {
    requireMemory(this.#file, COPIES * values * this.#values.BYTES_PER_ELEMENT);
  }

  #text(text: string, what: string): string {
    if (text === '') throw invalidData(this.#file, `row ${this.#row} has no ${what}`);
    return text;
  }

  #number(record: readonly string[], column: number): number {
    const text = record[column]!;
    const value = Math.fround(Number(text));
    // Number also accepts '', ' ', '0x1f' and 'Infinity'.
    if (!Number.isFinite(value) || text.trim() === '' || /[a-df-z]/i.test(text)) {
      throw invalidData(
        this.#file,
        `row ${this.#row}, column ${column + 1}: "${text.slice(0, 40)}" is not a finite number`,
      );
    }
    return value;
  }

  #grow(atLeast: number): void {
    const length = Math.max(2 * this.#values.length, this.#used + atLeast);
    this.#requireMemoryFor(length);
    if (length > MAX_VALUES) throw invalidData(this.#file, `it has more than ${MAX_VALUES} values`);
    const values = new Float32Array(length);
    values.set(this.#values);
    this.#values = values;
  }
}
