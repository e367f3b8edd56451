import {
  describeValue,
  isInstance,
  requireInteger,
  requireKnownFields,
  requireOneOf,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { UNCLONEABLE } from '../base/uncloneable.js';
import { checkContents, type DatasetFacts } from './dataset-contents.js';
import { datasetDigest } from './dataset-digest.js';
import { collectRows, type DatasetFromOptions, type LabelledRow } from './dataset-from.js';
import type { AffineMap, DatasetContents } from './labelled-data.js';
import { MOST_UNITS } from './layout.js';
import { LiveRows } from './live-rows.js';
import { callNative, type NativeDataset, promiseNative, toLetheError } from './native.js';
import type { RowId } from './packed-ids.js';
import type { Storage } from './row-file.js';
import { erasureIn, type RowFilePlaces } from './row-file-erasure.js';
import { openRows } from './row-file-reader.js';
import { saveRows } from './row-file-writer.js';
import { quoted, RowIds } from './row-ids.js';
import {
  positionsOf,
  RowSet,
  type RowSpace,
  type Rows,
  requireIndices,
  trustedRows,
} from './row-set.js';
import { RowSubjects, type Subject } from './row-subjects.js';

export interface SelectOptions {
  /** Columns to select, in any order; a column may be repeated. Default: all. */
  readonly columns?: Uint32Array | readonly number[];
}

/** Rows by name: those of a subject, or those with these ids. */
export type RowQuery =
  | {
      readonly subject: Subject;
      /** `alone`: only rows that belong to nobody else; `shared`: only the others. Default: all. */
      readonly owned?: 'alone' | 'shared';
    }
  | { readonly ids: Iterable<RowId> };

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
 * A data set in native memory: features row-major [rows, columns], one label per row, and the names
 * of rows, owners, classes and columns. Rows are in ascending order of id, so that the same rows are
 * the same data set in whatever order they came. Nothing of it changes, except that rows can be
 * erased. Byte features stay bytes; the affine map normalizes them during computation.
 */
export class Dataset implements RowSpace {
  readonly name: string;
  /** All positions, those of erased rows too. */
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** The names of the classes 0, 1, ..., if they are known. */
  readonly classNames: readonly string[] | undefined;
  /** [columns], the columns' names, if they are known. */
  readonly featureNames: readonly string[] | undefined;
  /** Maps stored features to the network's input; the identity for float32 features. */
  readonly affine: AffineMap;
  /** How the features are stored: as bytes, which the affine map normalizes, or as float32. */
  readonly storage: Storage;
  readonly ids: RowIds;
  readonly subjects: RowSubjects;
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  /** @internal */
  readonly handle: NativeDataset;
  /** @internal */
  readonly live: LiveRows;
  readonly #labels: Uint32Array;
  #shownLabels: Uint32Array | undefined;
  readonly #file: RowFilePlaces | undefined;
  #readers = 0;
  #isErasing = false;

  static {
    labelsOf = (dataset) => dataset.#labels;
    whileReading = async (dataset, work) => {
      dataset.#refuseWhileErasing();
      dataset.#readers++;
      try {
        return await work();
      } finally {
        dataset.#readers--;
      }
    };
    derived = (source, rows, handle, changed) => source.#derived(rows, handle, changed);
  }

  /**
   * Copies the data into native memory.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: features that are not finite, labels out of range,
   * contradictory sizes, bytes without an affine map, float32 features with one, ids or subjects
   * that name nothing. ERR_DUPLICATE: two rows of one id. ERR_OUT_OF_MEMORY.
   */
  constructor(data: DatasetContents);
  /** @internal For features that are already in native memory, or in a file. */
  constructor(facts: DatasetFacts, handle: NativeDataset, file?: RowFilePlaces);
  constructor(data: DatasetContents | DatasetFacts, made?: NativeDataset, file?: RowFilePlaces) {
    const { facts, handle } = made
      ? { facts: data as DatasetFacts, handle: made }
      : checkContents(data as DatasetContents);
    const { scale, offset } = facts.affine;
    this.handle = handle;
    this.name = facts.name;
    this.rows = facts.rows;
    this.columns = facts.columns;
    this.classes = facts.classes;
    this.classNames = facts.classNames;
    this.featureNames = facts.featureNames;
    this.affine = { scale: Math.fround(scale), offset: Math.fround(offset) };
    const none = callNative(() => handle.stored({ rows: new Uint32Array(0) }));
    this.storage = isInstance(none, Uint8Array) ? 'bytes' : 'float32';
    this.live = new LiveRows(facts.rows, facts.isErased);
    this.ids = new RowIds(facts.name, this.live, facts.ids);
    this.subjects = new RowSubjects(facts.name, this.live, facts.subjects);
    this.#labels = facts.labels;
    this.#file = file;
    // Facts that a caller could change would no longer describe the data in native memory.
    Object.freeze(this.affine);
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
    return new Dataset(facts, handle, file);
  }

  /**
   * Writes all rows that have not been erased to a row file, a safetensors file; docs/data.md says
   * what is in it. An existing file is replaced when the new one is complete, also the one that this
   * data set is open from: it goes on reading the old one.
   *
   * @throws {LetheError} ERR_IO, ERR_EMPTY_SET, ERR_INVALID_ARGUMENT; ERR_FILE_CHANGED, ERR_BUSY
   */
  async save(path: string): Promise<void> {
    const { name, columns, classes, affine, classNames, featureNames, storage, handle } = this;
    const rows = positionsOf(this.nonEmptyRowSet(this.allRows(), 'set of rows'));
    await whileReading(this, () =>
      saveRows(path, {
        ...{ name, columns, classes, affine, classNames, featureNames, storage, handle, rows },
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
    this.#refuseWhileErasing();
    const handle = callNative(
      (addon) => new addon.Dataset({ source: this.handle, rows: positionsOf(selected), columns }),
    );
    return this.#derived(selected, handle, {
      columns: columns.length,
      featureNames: this.featureNames && Array.from(columns, (i) => this.featureNames![i]!),
    });
  }

  /** All rows that have not been erased, in ascending order. */
  allRows(): RowSet {
    return trustedRows(this, this.live.positions());
  }

  /**
   * A set of rows of this data set. Rows that are used repeatedly are thus checked only once.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is out of range, negative, fractional, given twice
   * or of another data set. ERR_ERASED_ROW. ERR_INVALID_ARGUMENT: `rows` is not a list.
   */
  rowSet(rows: Rows): RowSet {
    return RowSet.of(this, rows);
  }

  /** As rowSet, but throws ERR_EMPTY_SET for an empty set; `what` names the set in the message. */
  nonEmptyRowSet(rows: Rows, what: string): RowSet {
    const checked = RowSet.of(this, rows, `the ${what}`);
    if (checked.length > 0) return checked;
    throw new LetheError('ERR_EMPTY_SET', `the ${what} of ${this.name} is empty`);
  }

  /**
   * The rows of a subject, also those that it shares with others, or the rows with these ids; in
   * ascending order of id.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT: owns no row. ERR_UNKNOWN_ROW: no row has the id.
   * ERR_DUPLICATE: an id is given twice. ERR_INVALID_ARGUMENT.
   */
  rowsOf(query: RowQuery): RowSet {
    const { subject, owned, ids } = requireKnownFields<AnyQuery>('rows', query, QUERY_NAMES);
    if ((subject === undefined) === (ids === undefined) || (ids && owned)) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'rows must be {subject}, {subject, owned} or {ids}',
      );
    }
    if (owned !== undefined) requireOneOf('owned', owned, ['alone', 'shared']);
    return trustedRows(this, ids ? this.#positionsOf(ids) : this.subjects.rowsOf(subject!, owned));
  }

  /**
   * All other rows, in ascending order of id: what is left when these leave.
   *
   * @throws {LetheError} as rowSet and rowsOf
   */
  without(rows: Rows | RowQuery): RowSet {
    const isList = RowSet.is(rows) || isInstance(rows, Uint32Array) || Array.isArray(rows);
    const gone = isList ? this.rowSet(rows as Rows) : this.rowsOf(rows as RowQuery);
    const isGone = gone.mask();
    return this.allRows().filter((row) => isGone[row] === 0);
  }

  /**
   * The normalized features of these rows, as a network receives them: float32 [rows, columns].
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW
   */
  normalized(rows: Rows): Float32Array {
    const checked = this.rowSet(rows);
    this.#refuseWhileErasing();
    return callNative(() => this.handle.normalized({ rows: positionsOf(checked) }));
  }

  /**
   * SHA-256 in hex over what a training reads: the schema (columns, classes and their names, type
   * and affine map of the features), ids, labels and features of the rows. Who owns a row is no
   * part of it. docs/data.md lists the bytes.
   *
   * @param rows in the order in which they are trained on; default: all that have not been erased
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_ERASED_ROW, ERR_OUT_OF_MEMORY
   */
  async digest(rows: Rows = this.allRows()): Promise<string> {
    const { columns, classes, affine, classNames, featureNames, storage, handle } = this;
    const checked = this.rowSet(rows);
    return whileReading(this, () =>
      datasetDigest(positionsOf(checked), {
        ...{ columns, classes, affine, classNames, featureNames, storage, handle },
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
    const rows = this.#positionsOf(ids);
    this.#refuseWhileRead('erase');
    if (rows.length === 0) return;
    const leaving = this.subjects.leaving(rows);
    const inFile = this.#file && erasureIn(this.#file, rows, this.ids.packed, leaving);
    this.#isErasing = true;
    try {
      const deviceError = await promiseNative((addon) =>
        addon.eraseRows({ dataset: this.handle, rows, ...inFile }),
      );
      this.live.erase(rows);
      this.subjects.erase(leaving);
      for (const row of rows) {
        this.ids.packed?.wipe(row);
        this.#labels[row] = 0;
        if (this.#shownLabels) this.#shownLabels[row] = 0;
      }
      if (deviceError) throw toLetheError(deviceError);
    } finally {
      this.#isErasing = false;
    }
  }

  /**
   * Frees the memory of the features, or lets go of their file, now; else the garbage collector does
   * it in time. Whatever reads features afterwards throws ERR_INVALID_ARGUMENT.
   *
   * @throws {LetheError} ERR_BUSY: a run is reading the data set
   */
  close(): void {
    this.#refuseWhileRead('close');
    this.handle.close();
  }

  #refuseWhileRead(action: 'erase' | 'close'): void {
    this.#refuseWhileErasing();
    if (this.#readers === 0) return;
    throw new LetheError(
      'ERR_BUSY',
      `a run is reading ${this.name}: wait for it, or abort it, and then ${action}`,
    );
  }

  #refuseWhileErasing(): void {
    if (!this.#isErasing) return;
    throw new LetheError('ERR_BUSY', `rows of ${this.name} are being erased: await that first`);
  }

  /** The positions of the rows with these ids, ascending. */
  #positionsOf(ids: Iterable<RowId>): Uint32Array {
    if (typeof ids !== 'object' || ids === null || !(Symbol.iterator in ids)) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `ids must be an array or another list of ids, but is ${describeValue(ids)}`,
      );
    }
    const positions = new Set<number>();
    for (const id of ids) {
      const position = this.ids.positionOf(id);
      if (positions.has(position)) {
        throw new LetheError('ERR_DUPLICATE', `the id ${quoted(id)} is given twice`);
      }
      positions.add(position);
    }
    return Uint32Array.from(positions).sort();
  }

  #derived(rows: RowSet, handle: NativeDataset, changed: Partial<DatasetFacts>): Dataset {
    const { name, columns, classes, affine, classNames, featureNames } = this;
    const positions = positionsOf(rows);
    // Ids ascend in a data set: rows in another order are known by their new positions alone.
    const ids = isAscending(positions) ? this.ids.packed?.pick(positions) : undefined;
    return new Dataset(
      {
        ...{ name, columns, classes, affine, classNames, featureNames, ids, ...changed },
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

/** A query with any of its fields. */
interface AnyQuery {
  readonly subject?: Subject;
  readonly owned?: 'alone' | 'shared';
  readonly ids?: Iterable<RowId>;
}

const QUERY_NAMES = { subject: true, owned: true, ids: true } as const;

function isAscending(positions: Uint32Array): boolean {
  return positions.every((position, i) => i === 0 || positions[i - 1]! < position);
}
