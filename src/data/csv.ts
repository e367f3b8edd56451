import { type KnownFields, requirePath, requireText } from '../base/arguments.js';
import { contentChunks, refuseForeignFile } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { lazyPackage } from '../base/lazy.js';
import { regularStats } from '../base/regular-file.js';
import type { Dataset } from '../engine/dataset.js';
import { FeatureCells, featuresOf } from './feature-cells.js';
import { FeatureValues } from './feature-values.js';
import type { NameRole } from './missing.js';
import { checkNumberFormat, type NumberFormat, NumberReader } from './number-format.js';
import { partFiles, requireSameColumns } from './part-files.js';
import {
  assembleTable,
  checkTableOptions,
  findColumns,
  TABLE_OPTIONS,
  type TableColumns,
  type TableOptions,
} from './table.js';
import { tableDataset } from './table-dataset.js';
import { TableNames } from './table-names.js';

export interface CsvOptions extends TableOptions, NumberFormat {
  /** One character; default a comma. */
  readonly delimiter?: string;
  /**
   * How the file's text is encoded, by a name that TextDecoder knows, e.g. `windows-1252`; default:
   * UTF-8, or UTF-16 if a byte order mark says so.
   */
  readonly encoding?: string;
}

const CSV_OPTIONS: KnownFields<CsvOptions> = {
  ...TABLE_OPTIONS,
  ...{ delimiter: true, decimal: true, thousands: true, encoding: true },
};

/** The names of a table's parts in a folder. */
const PART_ENDINGS = ['.csv', '.tsv', '.txt', '.csv.gz', '.tsv.gz', '.txt.gz'];

/** The largest row in characters, so that an unclosed quote does not swallow the whole file. */
const MAX_ROW_CHARACTERS = 2 ** 24;

/**
 * The most characters, including buffered ones, that the parser may consume before it emits a row.
 * The parser's own limit counts only the contents of cells, so it misses a row of only delimiters.
 */
const MAX_UNANSWERED_CHARACTERS = 2 * MAX_ROW_CHARACTERS;

/** The longest header in which another delimiter is looked for. */
const MAX_HEADER_CHARACTERS = 2 ** 20;

/** Rows from whose length the number of rows in the file is estimated. */
const SAMPLE_ROWS = 1000;

/**
 * Reads a table of comma-separated values (RFC 4180), plain or gzip-compressed, with the column names
 * in the first line, into a data set; or a folder of such files, which are read as one in the order of
 * their names. Features become float32: numbers, and `True` and `False` as 1 and 0; with the option `encode`
 * also categories, which are texts, and missing values.
 *
 * @throws {LetheError} ERR_INVALID_DATA: a feature that is not a finite number, unless `encode` allows it, a
 * missing label, owner or id, a row of another length, columns without a name or with equal names, parts of
 * other columns; says the row and the column. ERR_DUPLICATE: two rows of one id. ERR_INVALID_ARGUMENT: a column that
 * does not exist. ERR_OUT_OF_MEMORY: says how much is needed. ERR_IO.
 */
export async function loadCsv(path: string, options: CsvOptions): Promise<Dataset> {
  requirePath('path', path);
  const checked = checkTableOptions(options, CSV_OPTIONS);
  checkNumberFormat(checked);
  const { delimiter = ',', encoding } = checked;
  if (requireText('delimiter', delimiter).length !== 1 || delimiter === '"') {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `delimiter must be one character, but not a quote, and is ${delimiter}`,
    );
  }
  if (encoding !== undefined) textDecoder(requireText('encoding', encoding));
  const parts = await partFiles(path, PART_ENDINGS);
  let table: CsvTable | undefined;
  for (const file of parts) {
    await refuseForeignFile(file, 'csv');
    let names: readonly string[] | undefined;
    try {
      for await (const record of records(file, delimiter, encoding)) {
        if (names) {
          table!.push(record);
          continue;
        }
        names = record;
        if (table) {
          table.enter(file, names);
        } else {
          const columns = findColumns(file, names, checked);
          const bytes = await totalBytes(parts);
          table = new CsvTable({ file, names, columns, options: checked, bytes });
        }
      }
    } catch (error) {
      if (!table) await requireDelimiter(file, delimiter, checked);
      throw error;
    }
    if (!names) throw invalidData(file, 'the line with the column names is missing');
  }
  return tableDataset(path, assembleTable(path, table!.finish(), checked), checked);
}

async function totalBytes(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    bytes += (await regularStats(file)).size;
  }
  return bytes;
}

/** The characters at which files are cut. */
const DELIMITERS = [';', '\t', ',', '|'];

/**
 * Refuses a header that names the label only if it is cut at another character. It is read anew, because
 * quotes that follow another character are errors of their own.
 */
async function requireDelimiter(
  file: string,
  delimiter: string,
  { label, encoding }: CsvOptions,
): Promise<void> {
  if ((await header(file, delimiter, encoding)).includes(label)) return;
  for (const other of DELIMITERS) {
    if (other === delimiter || !(await header(file, other, encoding)).includes(label)) continue;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file} has no column ${label} between the delimiters ${JSON.stringify(delimiter)}: give the option ` +
        `delimiter: ${JSON.stringify(other)}`,
    );
  }
}

/** The column names; none if there is no such line, or it cannot be read with this delimiter. */
async function header(
  file: string,
  delimiter: string,
  encoding: string | undefined,
): Promise<readonly string[]> {
  try {
    for await (const names of records(file, delimiter, encoding, true)) return names;
  } catch (error) {
    if (!(error instanceof LetheError) || error.code !== 'ERR_INVALID_DATA') throw error;
  }
  return [];
}

const csvParse = lazyPackage<typeof import('csv-parse')>('csv-parse');

/** The rows of a file as texts, including the line of column names; or that line alone. */
async function* records(
  path: string,
  delimiter: string,
  encoding: string | undefined,
  headerOnly = false,
): AsyncGenerator<string[]> {
  const { pipeline, Readable } = await import('node:stream');
  const { CsvError, parse } = csvParse();
  let unanswered = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const text of decoded(path, encoding)) {
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
    max_record_size: headerOnly ? MAX_HEADER_CHARACTERS : MAX_ROW_CHARACTERS,
    skip_empty_lines: true,
    ...(headerOnly && { to: 1 }),
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

async function* decoded(path: string, encoding: string | undefined): AsyncGenerator<string> {
  let decoder: ReturnType<typeof textDecoder> | undefined;
  try {
    for await (const chunk of contentChunks(path)) {
      decoder ??= textDecoder(encoding ?? encodingOf(path, chunk));
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder?.decode() ?? '';
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const message =
      `it is not text in ${decoder!.encoding.toUpperCase()}: say how it is encoded, e.g. ` +
      "encoding: 'windows-1252'";
    throw invalidData(path, message, cause);
  }
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
function textDecoder(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  } catch (cause) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `encoding must be one that TextDecoder knows, e.g. windows-1252, but is ${encoding}`,
      { cause },
    );
  }
}

/** @throws {LetheError} ERR_INVALID_DATA: probably UTF-16, which only a mark at the start would show. */
function encodingOf(path: string, start: Uint8Array): string {
  const [first, second] = start;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (!start.subarray(0, 4).includes(0)) return 'utf-8';
  throw invalidData(
    path,
    "it begins with NUL bytes: if it is text in UTF-16, give encoding: 'utf-16le' or 'utf-16be'",
  );
}

interface FirstPart {
  readonly file: string;
  readonly names: readonly string[];
  readonly columns: TableColumns;
  readonly options: CsvOptions;
  /** Of all parts; for compressed ones it underestimates the contents. */
  readonly bytes: number;
}

/** The rows of one or several files. */
class CsvTable {
  readonly #first: FirstPart;
  readonly #numbers: NumberReader;
  readonly #cells: FeatureCells;
  readonly #features: FeatureValues;
  readonly #names: TableNames;
  #file: string;
  /** Within the file. */
  #row = 0;
  #sampledRows = 0;
  #sampledBytes = 0;

  constructor(first: FirstPart) {
    const { file, names, columns, options } = first;
    const features = columns.features.flatMap((column) => featuresOf(file, names[column]!));
    this.#first = first;
    this.#file = file;
    this.#numbers = new NumberReader(options);
    this.#cells = new FeatureCells(file, features, options, this.#numbers);
    this.#features = new FeatureValues(file);
    this.#names = new TableNames(file, options);
  }

  /** What is pushed from now on is of another file. */
  enter(file: string, names: readonly string[]): void {
    requireSameColumns(this.#first, { file, names });
    this.#file = file;
    this.#row = 0;
  }

  push(record: readonly string[]): void {
    this.#row++;
    if (this.#sampledRows < SAMPLE_ROWS) this.#sample(record);
    const { features } = this.#first.columns;
    for (const role of this.#names.roles) this.#pushName(record, role);
    this.#features.reserve(features.length);
    for (let i = 0; i < features.length; i++) {
      const cell = record[features[i]!]!;
      this.#features.push(this.#cells.value(i, cell, this.#file, this.#row - 1));
    }
  }

  finish() {
    const features = this.#features.finish();
    return {
      features,
      featureNames: this.#cells.names,
      encoding: this.#cells.finish(features),
      ...this.#names.finishUntyped(),
    };
  }

  /** Refuses a table that is too large as soon as its first rows allow an estimate. */
  #sample(record: readonly string[]): void {
    this.#sampledBytes += record.reduce((sum, cell) => sum + cell.length + 1, 0);
    if (++this.#sampledRows < SAMPLE_ROWS) return;
    const rows = (this.#first.bytes / this.#sampledBytes) * SAMPLE_ROWS;
    this.#features.requireMemoryFor(rows * this.#first.columns.features.length);
  }

  #pushName(record: readonly string[], role: NameRole): void {
    const column = this.#first.columns[role]!;
    const cell = record[column]!;
    const name = this.#first.names[column]!;
    const place = { file: this.#file, row: this.#row - 1, column: name, role };
    if (role !== 'label') this.#names.push(cell, place);
    else this.#names.pushLabel(cell, place, (text) => this.#numbers.plain(text));
  }
}
