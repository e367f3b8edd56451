import {
  describeValue,
  requireFinite,
  requireInteger,
  requireObject,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { AffineMap, LabelledData } from './labelled-data.js';
import { callNative, type NativeDataset } from './native.js';

/** Row indices of a data set; a subset is always such a list, never a copy of rows. */
export type Rows = Uint32Array | readonly number[];

/** Of a selection: as many as a network can have inputs. */
const MOST_COLUMNS = 2 ** 20;

/**
 * A data set in native memory: immutable, row-major [rows, columns], one label a row. Bytes stay
 * bytes and are normalized on the fly by the affine map.
 */
export class Dataset {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly affine: AffineMap;
  /** [rows]; do not change it. */
  readonly labels: Uint32Array;
  /** @internal */
  readonly handle: NativeDataset;

  /**
   * Copies the data into native memory.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: features that are not finite, labels out of range,
   * sizes that do not fit each other. ERR_OUT_OF_MEMORY.
   */
  constructor(data: LabelledData);
  /** @internal Of what is in native memory already. */
  constructor(data: Omit<LabelledData, 'features'>, handle: NativeDataset);
  constructor(data: LabelledData | Omit<LabelledData, 'features'>, handle?: NativeDataset) {
    this.handle = handle ?? intoNativeMemory(data as LabelledData);
    const { name, labels, rows, columns, classes, affine } = data;
    this.name = name;
    this.rows = rows;
    this.columns = columns;
    this.classes = classes;
    this.affine = { scale: Math.fround(affine.scale), offset: Math.fround(affine.offset) };
    this.labels = new Uint32Array(labels);
  }

  /**
   * A data set of these rows alone, in this order, and of these columns; default: all. It shares
   * nothing with this one.
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_INVALID_ARGUMENT: columns that are
   * none. ERR_OUT_OF_MEMORY.
   */
  select(rows: Rows, options: { readonly columns?: Rows } = {}): Dataset {
    const selected = this.checkNonEmptyRows(rows, 'selection');
    const { columns: wanted } = requireObject('options', options);
    const columns = wanted === undefined ? firstWhole(this.columns) : this.#checkColumns(wanted);
    const handle = callNative(
      (addon) => new addon.Dataset({ source: this.handle, rows: selected, columns }),
    );
    const labels = selected.map((row) => this.labels[row]!);
    const { name, classes, affine } = this;
    return new Dataset(
      { name, labels, rows: selected.length, columns: columns.length, classes, affine },
      handle,
    );
  }

  /** All row indices, ascending. */
  allRows(): Uint32Array {
    return firstWhole(this.rows);
  }

  /**
   * The network's inputs of these rows, [rows, columns].
   *
   * @throws {LetheError} ERR_INVALID_ROWS
   */
  normalized(rows: Rows): Float32Array {
    const checked = this.checkRows(rows);
    return callNative(() => this.handle.normalized({ rows: checked }));
  }

  /**
   * The rows as indices of this data set, each at most once: a copy, which nobody else changes.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: out of range, negative, fractional or given twice.
   * ERR_INVALID_ARGUMENT: no list.
   */
  checkRows(rows: Rows): Uint32Array {
    return this.#check(rows, new Uint8Array(this.rows));
  }

  /** As checkRows, but of two lists, of which no row may be in both. */
  checkDisjointRows(first: Rows, second: Rows): [Uint32Array, Uint32Array] {
    const seen = new Uint8Array(this.rows);
    return [this.#check(first, seen), this.#check(second, seen)];
  }

  /** In any order, and as often as they are wanted. */
  #checkColumns(wanted: Rows): Uint32Array {
    const { length } = requireIndices('columns', wanted);
    requireInteger('the number of columns', length, 1, MOST_COLUMNS);
    return Uint32Array.from(wanted, (column) =>
      requireInteger('a column', column, 0, this.columns - 1),
    );
  }

  #check(rows: Rows, seen: Uint8Array): Uint32Array {
    requireIndices('rows', rows);
    // Of more rows than there are, one is out of range or given twice before the last place is taken.
    const checked = new Uint32Array(Math.min(rows.length, this.rows));
    // By index: iterating an array whose memory was given away throws an error of its own.
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (!Number.isInteger(row) || row < 0 || row >= this.rows) {
        throw new LetheError(
          'ERR_INVALID_ROWS',
          `row ${describeValue(row)} is not one of the ${this.rows} rows of ${this.name}`,
        );
      }
      if (seen[row]) {
        throw new LetheError('ERR_INVALID_ROWS', `row ${row} of ${this.name} is given twice`);
      }
      seen[row] = 1;
      checked[i] = row;
    }
    return checked;
  }

  /** As checkRows, but an empty list is ERR_EMPTY_SET; `what` names the set in the message. */
  checkNonEmptyRows(rows: Rows, what: string): Uint32Array {
    const checked = this.checkRows(rows);
    if (checked.length === 0) {
      throw new LetheError('ERR_EMPTY_SET', `the ${what} of ${this.name} is empty`);
    }
    return checked;
  }
}

/** Both lists, one after the other. */
export function joinRows(first: Uint32Array, second: Uint32Array): Uint32Array {
  const joined = new Uint32Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function requireIndices(name: string, value: Rows): Rows {
  if (value instanceof Uint32Array || Array.isArray(value)) return value;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} must be a Uint32Array or an array, but is ${describeValue(value)}`,
  );
}

/** 0, 1, ... count - 1: a loop, for of sixty thousand rows Uint32Array.from takes milliseconds. */
export function firstWhole(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

function intoNativeMemory(data: LabelledData): NativeDataset {
  const { name, features, labels, rows, columns, classes, affine } = requireObject('data', data);
  requireText('name', name);
  requireInteger('rows', rows, 1);
  requireInteger('columns', columns, 1);
  requireInteger('classes', classes, 1);
  requireObject('features', features);
  requireObject('labels', labels);
  requireObject('affine', affine);
  requireFinite('scale', affine.scale);
  requireFinite('offset', affine.offset);
  if (features.length !== rows * columns || labels.length !== rows) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name}: ${rows} x ${columns} features and ${rows} labels were announced, but ` +
        `${features.length} and ${labels.length} values given`,
    );
  }
  return callNative(
    (addon) => new addon.Dataset({ features, labels, columns, classes, ...affine }),
  );
}
