import { isInstance, requireInteger, requireKnownFields } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { requireMemory } from '../base/memory.js';
import { UNCLONEABLE } from '../base/uncloneable.js';
import { checkContents, type DatasetFacts } from './dataset-contents.js';
import { datasetDigest } from './dataset-digest.js';
import { collectRows, type DatasetFromOptions, type LabelledRow } from './dataset-from.js';
import { DatasetUsage } from './dataset-usage.js';
import { type ColumnEncoding, inputsOf } from './encoding/column-encoding.js';
import { EncodedRows } from './encoding/encoded-rows.js';
import { type InputMap, inputMapJson, nativeEncoding } from './encoding/input-map.js';
import { type AffineMap, type DatasetContents, IDENTITY } from './labelled-data.js';
import { MOST_UNITS } from './layout.js';
import { LiveRows } from './live-rows.js';
import { NamedRows, type RowNames } from './named-rows.js';
import { callNative, type NativeDataset, promiseNative, toLetheError } from './native.js';
import type { RowId } from './packed-ids.js';
import type { Storage } from './row-file.js';
import { erasureIn, type RowFilePlaces } from './row-file-erasure.js';
import { openRows } from './row-file-reader.js';
import { saveRows } from './row-file-writer.js';
import { RowIds } from './row-ids.js';
import { positionsWithIds } from './row-query.js';
import { positionsOf, type RowSet, type Rows, requireIndices, trustedRows } from './row-set.js';
import { NO_SUBJECTS, RowSubjects } from './row-subjects.js';

export type { RowQuery } from './row-query.js';

export interface SelectOptions {
  /** Columns to select, in any order; a column may be repeated. Default: all. */
  readonly columns?: Uint32Array | readonly number[];
}

/** @internal The labels without a copy: to be read, and not to be shown to a caller. */
export let labelsOf: (dataset: Dataset) => Uint32Array;

/** @internal Keeps rows from being erased while the work reads them. */
export let whileReading: <T>(dataset: Dataset, work: () => Promise<T>) => Promise<T>;

/** @internal A data set of rows in native memory, with the names that these rows have in another. */
export let derived: (
  source: Dataset,
  rows: RowSet,
  handle: NativeDataset,
  changed: Partial<DatasetFacts>,
) => Dataset;

/**
 * @internal The inputs that a map makes of the rows, as a data set of the same rows: sets of rows of
 * either are sets of both, and what is erased from this one is erased from its copies.
 */
export let encodedBy: (
  dataset: Dataset,
  map: InputMap,
  threads: number,
) => Dataset | Promise<Dataset>;

/** Where a data set's features come from. */
interface Origin {
  /** The file that they stay in. */
  readonly file?: RowFilePlaces;
  /** The data set of the same rows whose raw values they encode, and how. */
  readonly encoded?: { readonly source: Dataset; readonly map: InputMap };
}

/**
 * A data set in native memory: features row-major [rows, columns], one label per row, and the names
 * of rows, owners, classes and columns. Rows are in ascending order of id, so that the same rows are
 * the same data set in whatever order they came. Nothing of it changes, except that rows can be
 * erased. Byte features stay bytes; the affine map normalizes them during computation.
 */
export class Dataset extends NamedRows {
  readonly columns: number;
  /** The inputs of a network that takes the rows: as many as columns, unless these are encoded. */
  readonly inputs: number;
  readonly classes: number;
  /** The names of the classes 0, 1, ..., if they are known. */
  readonly classNames: readonly string[] | undefined;
  /** [columns], the columns' names, if they are known. */
  readonly featureNames: readonly string[] | undefined;
  /** [columns], how raw values become inputs of a network; undefined: features are the inputs. */
  readonly encoding: readonly ColumnEncoding[] | undefined;
  /** Maps stored features to the network's input; the identity for float32 features. */
  readonly affine: AffineMap;
  /** The map that float32 features went through before they were stored, where it is known. */
  readonly mappedBy: AffineMap | undefined;
  /** How the features are stored: as bytes, which the affine map normalizes, or as float32. */
  readonly storage: Storage;
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  /** @internal */
  readonly handle: NativeDataset;
  /** @internal What encoded the raw values of another data set, of which these are the inputs. */
  readonly inputMap: InputMap | undefined;
  readonly #labels: Uint32Array;
  #shownLabels: Uint32Array | undefined;
  readonly #file: RowFilePlaces | undefined;
  readonly #usage: DatasetUsage;
  readonly #encodedRows = new EncodedRows<Dataset>();

  static {
    labelsOf = (dataset) => dataset.#labels;
    whileReading = (dataset, work) => dataset.#usage.whileReading(work);
    encodedBy = (dataset, map, threads) =>
      dataset.#encodedRows.get(inputMapJson(map), () => dataset.#encodedBy(map, threads));
    derived = (source, rows, handle, changed) => source.#derived(rows, handle, changed);
  }

  /**
   * Copies the data into native memory.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: features that are not finite, labels out of range,
   * contradictory sizes, bytes without an affine map, raw values that their encoding does not allow,
   * ids or subjects
   * that name nothing. ERR_DUPLICATE: two rows of one id. ERR_OUT_OF_MEMORY.
   */
  constructor(data: DatasetContents);
  /** @internal For features that are already in native memory, or in a file. */
  constructor(facts: DatasetFacts, handle: NativeDataset, origin?: Origin);
  constructor(
    data: DatasetContents | DatasetFacts,
    made?: NativeDataset,
    { file, encoded }: Origin = {},
  ) {
    const { facts, handle } = made
      ? { facts: data as DatasetFacts, handle: made }
      : checkContents(data as DatasetContents);
    const source = encoded?.source;
    super(source ?? namesOf(facts), source);
    this.handle = handle;
    this.columns = facts.columns;
    this.classes = facts.classes;
    this.classNames = facts.classNames;
    this.featureNames = facts.featureNames;
    this.encoding = facts.encoding;
    this.inputs = facts.encoding ? inputsOf(facts.encoding) : facts.columns;
    this.affine = Object.freeze({ ...facts.affine });
    this.mappedBy = facts.mappedBy && Object.freeze({ ...facts.mappedBy });
    const none = callNative(() => handle.stored({ rows: new Uint32Array(0) }));
    this.storage = isInstance(none, Uint8Array) ? 'bytes' : 'float32';
    this.inputMap = encoded?.map;
    this.#usage = source ? source.#usage : new DatasetUsage(facts.name);
    this.#labels = facts.labels;
    this.#file = file;
    // Facts that a caller could change would no longer describe the data in native memory.
    Object.freeze(this);
  }

  /**
   * Streams rows of any source, such as a database, into native memory, and sorts them by id. The
   * event loop gets its turn every so often.
   *
   * @param rows {id?, subjects?, label, features}; what their source throws is thrown
   * @throws {LetheError} ERR_INVALID_ARGUMENT: names the row; ERR_DUPLICATE: two rows of one id;
   * ERR_EMPTY_SET: no rows; ERR_ABORTED; ERR_OUT_OF_MEMORY
   */
  static async from(
    rows: Iterable<LabelledRow> | AsyncIterable<LabelledRow>,
    options: DatasetFromOptions = {},
  ): Promise<Dataset> {
    const { facts, handle } = await collectRows(rows, options);
    return new Dataset(facts, handle);
  }

  /**
   * Opens a row file that `save` wrote. Features stay in the file: processes that open it share one
   * copy, and it may be larger than memory. An erasure that was interrupted is finished first.
   *
   * @throws {LetheError} ERR_IO; ERR_INVALID_DATA: truncated, altered or no row file;
   * ERR_FILE_CHANGED: written to meanwhile; ERR_OUT_OF_MEMORY
   */
  static async open(path: string): Promise<Dataset> {
    const { facts, handle, file } = await openRows(path);
    return new Dataset(facts, handle, { file });
  }

  /**
   * Writes all rows that have not been erased to a row file, a safetensors file; docs/data.md says
   * what is in it. An existing file is replaced when the new one is complete, also the one that this
   * data set is open from: it goes on reading the old one.
   *
   * @throws {LetheError} ERR_IO, ERR_EMPTY_SET, ERR_INVALID_ARGUMENT; ERR_FILE_CHANGED, ERR_BUSY
   */
  async save(path: string): Promise<void> {
    const { name, columns, classes, affine, mappedBy, storage, handle } = this;
    const { classNames, featureNames, encoding } = this;
    const rows = positionsOf(this.nonEmptyRowSet(this.allRows(), 'set of rows'));
    await whileReading(this, () =>
      saveRows(path, {
        ...{ name, columns, classes, affine, mappedBy, storage, handle, rows },
        ...{ classNames, featureNames, encoding },
        ...{ labels: this.#labels, ids: this.ids.packed, subjects: this.subjects.pick(rows) },
      }),
    );
  }

  /** [rows]; 0 for erased rows. A copy: whoever changes it changes nothing that a run reads. */
  get labels(): Uint32Array {
    // Made once, because callers read single labels in loops.
    this.#shownLabels ??= this.#labels.slice();
    return this.#shownLabels;
  }

  /**
   * A new data set of only these rows and columns. It shares no memory with this one. The rows are
   * in the given order, or, if they have ids, in ascending order of id.
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW, ERR_EMPTY_SET, ERR_INVALID_ARGUMENT: no
   * column, or one out of range. ERR_OUT_OF_MEMORY.
   */
  select(rows: Rows, options: SelectOptions = {}): Dataset {
    const wanted = this.nonEmptyRowSet(rows, 'selection');
    const selected = this.ids.arePositions
      ? wanted
      : trustedRows(this, positionsOf(wanted).slice().sort());
    const { columns: named } = requireKnownFields('options', options, { columns: true });
    const columns = named === undefined ? indicesBelow(this.columns) : this.#checkColumns(named);
    this.#usage.requireStill();
    const handle = callNative(
      (addon) => new addon.Dataset({ source: this.handle, rows: positionsOf(selected), columns }),
    );
    return this.#derived(selected, handle, {
      columns: columns.length,
      featureNames: this.featureNames && Array.from(columns, (i) => this.featureNames![i]!),
      encoding: this.encoding && Array.from(columns, (i) => this.encoding![i]!),
    });
  }

  /**
   * The features of these rows as they are stored, [rows, columns]: bytes, or float32 values, raw
   * where columns are encoded.
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW
   */
  stored(rows: Rows): Uint8Array | Float32Array {
    const checked = this.rowSet(rows);
    this.#usage.requireStill();
    return callNative(() => this.handle.stored({ rows: positionsOf(checked) }));
  }

  /**
   * The normalized features of these rows, as a network receives them: float32 [rows, columns].
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW; ERR_INVALID_ARGUMENT: columns are encoded,
   * for which there must be a model
   */
  normalized(rows: Rows): Float32Array {
    const checked = this.rowSet(rows);
    this.requireInputs();
    this.#usage.requireStill();
    return callNative(() => this.handle.normalized({ rows: positionsOf(checked) }));
  }

  /**
   * SHA-256 in hex over what a training reads: the schema (columns, classes and their names, type,
   * affine map and encoding of the features), ids, labels and features of the rows. Who owns a row is no
   * part of it. docs/data.md lists the bytes.
   *
   * @param rows in the order in which they are trained on; default: all that have not been erased
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW, ERR_OUT_OF_MEMORY
   */
  async digest(rows: Rows = this.allRows()): Promise<string> {
    const { columns, classes, affine, storage, handle } = this;
    const { classNames, featureNames, encoding } = this;
    const checked = this.rowSet(rows);
    return whileReading(this, () =>
      datasetDigest(positionsOf(checked), {
        ...{ columns, classes, affine, storage, handle },
        ...{ classNames, featureNames, encoding },
        ...{ ids: this.ids.packed, labels: this.#labels },
      }),
    );
  }

  /**
   * Overwrites features, labels, ids and, where nobody else's rows have them, subjects of these
   * rows: in memory, in that of the CUDA device, and in the row file that the data set was opened
   * from, on its disk. The other rows keep their positions. What was made of the rows before, such as
   * selections, mapped data sets and other files, is not reached.
   *
   * @throws {LetheError} ERR_UNKNOWN_ROW, ERR_DUPLICATE, ERR_INVALID_ARGUMENT: nothing is erased.
   * ERR_BUSY: a run is reading the data set. ERR_IO: the file cannot be written to; ERR_FILE_CHANGED:
   * somebody else wrote to it. ERR_DEVICE_FAILED: the rows are erased, the device's memory is lost.
   */
  async erase(ids: Iterable<RowId>): Promise<void> {
    const rows = positionsWithIds(this.ids, ids);
    await this.#usage.whileErasing(async () => {
      if (rows.length > 0) await this.#erase(rows);
    });
  }

  /**
   * Frees the memory of the features, or lets go of their file, now; else the garbage collector does
   * it in time. Whatever reads features afterwards throws ERR_INVALID_ARGUMENT.
   *
   * @throws {LetheError} ERR_BUSY: a run is reading the data set
   */
  close(): void {
    this.#usage.requireUnread('close');
    this.handle.close();
    this.#encodedRows.close();
  }

  /** @internal @throws {LetheError} ERR_INVALID_ARGUMENT: the features are raw values */
  requireInputs(): void {
    if (!this.encoding) return;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the columns of ${this.name} are encoded, so that only a model that was trained on them knows ` +
        'its inputs: train one with trainModel, or fit the encoding with fitInputMap',
    );
  }

  async #erase(rows: Uint32Array): Promise<void> {
    const leaving = this.subjects.leaving(rows);
    const inFile = this.#file && erasureIn(this.#file, rows, this.ids.packed, leaving);
    const erased = [{ dataset: this.handle, rows, ...inFile }].concat(
      this.#encodedRows.handles().map((dataset) => ({ dataset, rows })),
    );
    const deviceErrors: Error[] = [];
    for (const request of erased) {
      const error = await promiseNative((addon) => addon.eraseRows(request));
      if (error) deviceErrors.push(error);
    }
    this.live.erase(rows);
    this.subjects.erase(leaving);
    for (const row of rows) {
      this.ids.packed?.wipe(row);
      this.#labels[row] = 0;
      if (this.#shownLabels) this.#shownLabels[row] = 0;
    }
    if (deviceErrors.length > 0) throw toLetheError(deviceErrors[0]);
  }

  #encodedBy(map: InputMap, threads: number): Promise<Dataset> {
    const { name, rows, classes, classNames, handle } = this;
    const columns = inputsOf(map.columns);
    return whileReading(this, async () => {
      requireMemory(`the inputs of ${name}`, rows * columns * Float32Array.BYTES_PER_ELEMENT);
      const encoded = await promiseNative(() =>
        nativeEncoding(map).encodeRows({ dataset: handle, threads }),
      );
      const facts: DatasetFacts = {
        ...{ name, rows, columns, classes, classNames, affine: IDENTITY },
        ...{ featureNames: undefined, encoding: undefined },
        ...{ ids: this.ids.packed, labels: this.#labels, subjects: NO_SUBJECTS },
      };
      return new Dataset(facts, encoded, { encoded: { source: this, map } });
    });
  }

  #derived(rows: RowSet, handle: NativeDataset, changed: Partial<DatasetFacts>): Dataset {
    const { name, columns, classes, affine, mappedBy, classNames, featureNames, encoding } = this;
    const positions = positionsOf(rows);
    // Ids ascend in a data set: rows in another order are known by their new positions alone.
    const ids = isAscending(positions) ? this.ids.packed?.pick(positions) : undefined;
    return new Dataset(
      {
        ...{ name, columns, classes, affine, mappedBy, classNames, featureNames, encoding, ids },
        ...changed,
        rows: rows.length,
        labels: rows.gather(this.#labels),
        subjects: this.subjects.pick(positions),
      },
      handle,
    );
  }

  #checkColumns(wanted: Uint32Array | readonly number[]): Uint32Array {
    const { length } = requireIndices('columns', wanted);
    requireInteger('the number of columns', length, 1, MOST_UNITS);
    return Uint32Array.from(wanted, (column) =>
      requireInteger('a column', column, 0, this.columns - 1),
    );
  }
}

function namesOf({ name, rows, isErased, ids, subjects }: DatasetFacts): RowNames {
  const live = new LiveRows(rows, isErased);
  return {
    ...{ name, rows, live, ids: new RowIds(name, live, ids) },
    subjects: new RowSubjects(name, live, subjects),
  };
}

function isAscending(positions: Uint32Array): boolean {
  return positions.every((position, i) => i === 0 || positions[i - 1]! < position);
}
