import { setImmediate } from 'node:timers/promises';
import {
  describeValue,
  isInstance,
  type KnownFields,
  refuseUnknownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { fromLittleEndian } from '../base/little-endian.js';
import { requireMemory } from '../base/memory.js';
import { ClassColumn, requireNames } from './class-names.js';
import { inOrder, type MadeDataset } from './dataset-contents.js';
import { type ColumnEncoding, checkEncoding, missingColumns } from './encoding/column-encoding.js';
import { type EncodeOptions, isFound, wantedColumns } from './encoding/encode-options.js';
import { RawValues } from './encoding/raw-values.js';
import { type Cell, cellsOf, type FeatureRecord, isRecord } from './encoding/records.js';
import { type CheckedFeatureMap, featureMaps, requireFeatureMap } from './feature-map.js';
import type { FeatureMap } from './labelled-data.js';
import { MOST_UNITS } from './layout.js';
import { callNative, type NativeDatasetBuilder, promiseNative } from './native.js';
import type { PackedIds, RowId } from './packed-ids.js';
import { arrangedIds, RowIdColumn, repeatedIn, rowName } from './row-ids.js';
import { type Subject, SubjectColumn } from './row-subjects.js';

/** A row of Dataset.from. */
export interface LabelledRow {
  /** All rows have an id, or none; without ids a row's position is its id. */
  readonly id?: RowId;
  /** The owner, or any number of them; left out, or empty, for a row that belongs to nobody. */
  readonly subjects?: Subject | readonly Subject[];
  /**
   * A class name, or a whole number: the index of a class name, or a name itself where the names
   * are whole numbers or none are given.
   */
  readonly label: string | number | bigint | boolean;
  /**
   * [columns]; numbers, or a Buffer of float32 values in little-endian order; with an affine map raw
   * bytes, in a Buffer or any Uint8Array, or numbers, as in the first row. With the option `encode` numbers, texts and missing values. Where the columns
   * have names, also an object of values by their names.
   */
  readonly features:
    | Float32Array
    | Float64Array
    | readonly number[]
    | Uint8Array
    | readonly Cell[]
    | FeatureRecord;
}

export interface DatasetFromOptions {
  /** The data set's name; error messages and reports show it. Default `rows`. */
  readonly name?: string;
  /** Default: as many as the first row has. */
  readonly columns?: number;
  /**
   * The names of the classes 0, 1, ...; a class keeps its place without a row. Default: the labels
   * found, whole numbers ascending, texts sorted.
   */
  readonly classNames?: readonly string[];
  /** [columns], the columns' names. */
  readonly featureNames?: readonly string[];
  /**
   * How columns become inputs of a network: missing values, categories, standardization. Categories
   * must be given, because rows are not kept until all have been seen.
   */
  readonly encode?: EncodeOptions | readonly ColumnEncoding[];
  /** Maps raw bytes to the network's input; numbers go through it before they are stored. */
  readonly affine?: FeatureMap;
  /** Ends the reading with ERR_ABORTED. */
  readonly signal?: AbortSignal;
}

const OPTIONS: KnownFields<DatasetFromOptions> = {
  ...{ name: true, columns: true, classNames: true, featureNames: true, affine: true },
  ...{ encode: true, signal: true },
};
const ROW_NAMES: KnownFields<LabelledRow> = {
  ...{ id: true, subjects: true, label: true, features: true },
};

/** Rows are handed to native memory, and the event loop gets its turn, after so much of them. */
const BATCH_VALUES = 2 ** 16;
const BATCH_ROWS = 2 ** 10;
/** How often the available memory is asked for, which takes a system call. */
const CHECKED_BYTES = 2 ** 26;

/**
 * Streams rows into native memory and sorts them by their ids.
 *
 * @throws {LetheError} as Dataset.from
 */
export async function collectRows(
  rows: Iterable<LabelledRow> | AsyncIterable<LabelledRow>,
  wanted: DatasetFromOptions,
): Promise<MadeDataset> {
  const options = requireKnownFields('options', wanted, OPTIONS);
  const { name = 'rows', columns, classNames, featureNames, affine, encode, signal } = options;
  requireText('name', name);
  requireRows(rows);
  if (columns !== undefined) requireInteger('columns', columns, 1, MOST_UNITS);
  if (signal !== undefined) requireInstance('signal', signal, AbortSignal);
  const collector = new Collector({
    name,
    columns: columns ?? featureNames?.length,
    classNames: classNames && requireNames('classNames', classNames),
    featureNames: featureNames && requireNames('featureNames', featureNames, columns),
    affine: affine && requireFeatureMap(affine),
    encode,
  });
  return unlessAborted(signal, async () => {
    for await (const row of rows) {
      if (collector.push(row)) await setImmediate();
      if (signal?.aborted) throw aborted(signal);
    }
    return collector.finish();
  });
}

function requireRows(rows: object): void {
  const isObject = typeof rows === 'object' && rows !== null;
  if (isObject && (Symbol.asyncIterator in rows || Symbol.iterator in rows)) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    'rows must be an iterable or an async iterable of {id, subjects, label, features}, ' +
      `but is ${describeValue(rows)}`,
  );
}

function aborted(signal: AbortSignal): LetheError {
  return new LetheError('ERR_ABORTED', 'the reading of rows was aborted', {
    cause: signal.reason,
  });
}

/** Rejects when the signal aborts, even while a source of rows does not answer. */
function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!signal) return work();
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

type CollectorOptions = Pick<MadeDataset['facts'], 'name' | 'classNames' | 'featureNames'> & {
  readonly columns: number | undefined;
  readonly affine: CheckedFeatureMap | undefined;
  readonly encode: DatasetFromOptions['encode'];
};

/** Takes rows one by one and hands them to native memory in batches. */
class Collector {
  readonly #options: CollectorOptions;
  /** Made with the first row, which says whether features are bytes. */
  #builder: NativeDatasetBuilder | undefined;
  #areBytes = false;
  #maps: ReturnType<typeof featureMaps> | undefined;
  readonly #ids = new RowIdColumn();
  readonly #subjects = new SubjectColumn();
  readonly #classes: ClassColumn;
  #columns: number | undefined;
  #encoding: readonly ColumnEncoding[] | undefined;
  #rawValues: RawValues | undefined;
  #batch: Float32Array | Uint8Array | undefined;
  /** Values in the batch. */
  #used = 0;
  #rows = 0;
  #unchecked = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#columns = options.columns;
    this.#classes = new ClassColumn(options.classNames);
    if (options.affine && options.encode) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'bytes have an affine map, other features an encoding: leave out affine or encode',
      );
    }
  }

  /** Whether the row has filled a batch. */
  push(row: LabelledRow): boolean {
    refuseUnknownFields(`row ${this.#rows}`, row, ROW_NAMES);
    const { id, subjects, label, features } = row;
    this.#ids.push(id);
    this.#subjects.push(subjects, id);
    this.#classes.push(label, id);
    const where = () => rowName(this.#rows, id);
    this.#builder ??= this.#builderFor(features);
    if (this.#areBytes) this.#addBytes(features, where);
    else if (this.#options.encode) this.#addCells(this.#cellsOf(features, where), where);
    else this.#addNumbers(this.#cellsOf(features, where), where);
    this.#rows++;
    if (this.#used < this.#batch!.length) return false;
    this.#handOver();
    return true;
  }

  async finish(): Promise<MadeDataset> {
    const { name, featureNames } = this.#options;
    if (this.#rows === 0) throw new LetheError('ERR_EMPTY_SET', `${name} has no rows`);
    const { affine, mappedBy } = this.#maps!;
    this.#handOver();
    const columns = this.#columns!;
    const { ids } = this.#ids;
    const order = ids && (await sorted(ids));
    const names: Subject[] = [];
    for (const column of this.#subjects.names) {
      for (const subject of inOrder(column, await sorted(column))) names.push(subject);
    }
    const { classNames, labels } = this.#classes.finish();
    const classes = classNames.length;
    // Before the features are put together, which takes longest.
    const arranged = order && arrangedIds(ids!, order, repeatedIn(name));
    await setImmediate();
    const encoding = this.#encoding;
    const handle = await promiseNative(() =>
      this.#builder!.finish({
        ...{ labels, columns, classes, ...affine, ...(order && { order }) },
        ...(encoding && { missing: missingColumns(encoding) }),
      }),
    );
    const facts = {
      ...{ name, rows: this.#rows, columns, classes, affine, mappedBy },
      ...{ classNames, featureNames, encoding },
      labels: order ? order.map((row) => labels[row]!) : labels,
      ids: arranged ?? ids,
      subjects: this.#subjects.finish(names, order),
    };
    return { facts, handle };
  }

  #builderFor(features: LabelledRow['features']): NativeDatasetBuilder {
    const { affine } = this.#options;
    this.#areBytes = affine !== undefined && isInstance(features, Uint8Array);
    this.#maps = featureMaps(this.#areBytes, affine);
    return callNative((addon) => new addon.DatasetBuilder({ bytes: this.#areBytes }));
  }

  #addBytes(features: LabelledRow['features'], where: () => string): void {
    if (!isInstance(features, Uint8Array)) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the features of ${where()} must be a Uint8Array of raw bytes, like the first row's, but ` +
          `are ${describeValue(features)}`,
      );
    }
    this.#reserve(features.length, where).set(features, this.#used);
    this.#used += features.length;
  }

  #cellsOf(features: LabelledRow['features'], where: () => string): Cells {
    return isRecord(features)
      ? cellsOf(`the features of ${where()}`, features, this.#options.featureNames)
      : numbersOf(features, where);
  }

  #addNumbers(cells: Cells, where: () => string): void {
    const { length } = cells;
    const batch = this.#reserve(length, where);
    const map = this.#maps!.toApply;
    for (let i = 0; i < length; i++) {
      const value = cells[i];
      const raw = typeof value === 'number' ? Math.fround(value) : Number.NaN;
      const single = map ? Math.fround(map.scale * raw + map.offset) : raw;
      if (!Number.isFinite(single)) {
        throw new LetheError(
          'ERR_INVALID_ARGUMENT',
          `feature ${i} of ${where()} must be a number that float32 can hold, but is ` +
            describeValue(value),
        );
      }
      batch[this.#used++] = single;
    }
  }

  /** When the first row has come, because only then the number of columns is known. */
  #encodeBy(encode: NonNullable<DatasetFromOptions['encode']>): RawValues {
    const names = this.#options.featureNames ?? Array.from(indicesBelow(this.#columns!), String);
    const wanted = wantedColumns(encode, names);
    const found = wanted.findIndex(isFound);
    if (found >= 0) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the categories of column ${names[found]} must be given, because rows are streamed: ` +
          'list them, e.g. by a query',
      );
    }
    this.#encoding = checkEncoding(wanted as readonly ColumnEncoding[], wanted.length);
    return new RawValues(this.#encoding);
  }

  #addCells(cells: Cells, where: () => string): void {
    // Read only once: a getter among the cells could change it.
    const { length } = cells;
    const batch = this.#reserve(length, where);
    this.#rawValues ??= this.#encodeBy(this.#options.encode!);
    const rawValues = this.#rawValues;
    for (let i = 0; i < length; i++) {
      const cell = cells[i];
      batch[this.#used++] = rawValues.value(i, cell, (expected) => {
        const name = this.#options.featureNames?.[i] ?? i;
        return new LetheError(
          'ERR_INVALID_ARGUMENT',
          `feature ${name} of ${where()} must be ${expected}, but is ${describeValue(cell)}`,
        );
      });
    }
  }

  /** The batch, which has room for a row of this length. */
  #reserve(length: number, where: () => string): Float32Array | Uint8Array {
    this.#columns ??= requireInteger(`the number of features of ${where()}`, length, 1, MOST_UNITS);
    const columns = this.#columns;
    if (length !== columns) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `${where()} must have ${columns} features, but has ${length}`,
      );
    }
    const rows = Math.max(1, Math.min(BATCH_ROWS, Math.floor(BATCH_VALUES / columns)));
    const values = rows * columns;
    this.#batch ??= this.#areBytes ? new Uint8Array(values) : new Float32Array(values);
    return this.#batch;
  }

  #handOver(): void {
    const batch = this.#batch!.subarray(0, this.#used);
    this.#unchecked += batch.byteLength;
    if (this.#unchecked >= CHECKED_BYTES) {
      requireMemory(this.#options.name, 2 * CHECKED_BYTES);
      this.#unchecked = 0;
    }
    callNative(() => this.#builder!.append(batch));
    this.#used = 0;
  }
}

/** Off the main thread, because millions of ids take seconds. */
async function sorted(ids: PackedIds): Promise<Uint32Array | undefined> {
  return ids.isAscending ? undefined : promiseNative((addon) => addon.sortIds(ids.sortable()));
}

type Cells = Float32Array | Float64Array | readonly unknown[];

function numbersOf(features: LabelledRow['features'], where: () => string): Cells {
  const isBuffer = Buffer.isBuffer(features);
  if (isBuffer && features.length % 4 === 0) return fromLittleEndian(features);
  const isList = isInstance(features, Float32Array) || isInstance(features, Float64Array);
  if (isList || Array.isArray(features)) return features;
  const expected = isBuffer
    ? `of float32 values, four bytes each, but the Buffer has ${features.length} bytes`
    : 'a Float32Array, a Float64Array, an array of numbers or a Buffer of float32 values; raw ' +
      `bytes need the option affine; but they are ${describeValue(features)}`;
  throw new LetheError('ERR_INVALID_ARGUMENT', `the features of ${where()} must be ${expected}`);
}
