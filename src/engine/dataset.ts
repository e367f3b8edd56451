import {
  describeValue,
  isInstance,
  type KnownFields,
  requireFinite,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { UNCLONEABLE } from '../base/uncloneable.js';
import { type AffineMap, IDENTITY, type LabelledData } from './labelled-data.js';
import { MOST_UNITS } from './layout.js';
import { callNative, type NativeDataset } from './native.js';
import {
  positionsOf,
  RowSet,
  type RowSpace,
  type Rows,
  requireIndices,
  trustedRows,
} from './row-set.js';

/** Everything that makes up a data set except its features. */
type DatasetFacts = Omit<LabelledData, 'features'>;

export interface SelectOptions {
  /** Columns to select, in any order; a column may be repeated. Default: all. */
  readonly columns?: Uint32Array | readonly number[];
}

const DATA_NAMES: KnownFields<LabelledData> = {
  ...{ name: true, rows: true, columns: true, classes: true },
  ...{ features: true, affine: true, labels: true },
};

/** @internal The labels without a copy: to be read, and not to be shown to a caller. */
export let labelsOf: (dataset: Dataset) => Uint32Array;

/**
 * An immutable data set in native memory: features row-major [rows, columns], one label per row.
 * Byte features stay bytes; the affine map normalizes them during computation.
 */
export class Dataset implements RowSpace {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** Maps stored features to the network's input; the identity for float32 features. */
  readonly affine: AffineMap;
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  /** @internal */
  readonly handle: NativeDataset;
  readonly #labels: Uint32Array;
  #shownLabels: Uint32Array | undefined;

  static {
    labelsOf = (dataset) => dataset.#labels;
  }

  /**
   * Copies the data into native memory.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: features that are not finite, labels out of range,
   * contradictory sizes, bytes without an affine map, or float32 features with one.
   * ERR_OUT_OF_MEMORY.
   */
  constructor(data: LabelledData);
  /** @internal For features that are already in native memory. */
  constructor(data: DatasetFacts, handle: NativeDataset);
  constructor(data: LabelledData | DatasetFacts, handle?: NativeDataset) {
    const facts = handle ? data : requireKnownFields('data', data as LabelledData, DATA_NAMES);
    this.handle = handle ?? intoNativeMemory(facts as LabelledData);
    const { name, labels, rows, columns, classes, affine = IDENTITY } = facts;
    this.name = name;
    this.rows = rows;
    this.columns = columns;
    this.classes = classes;
    this.affine = { scale: Math.fround(affine.scale), offset: Math.fround(affine.offset) };
    this.#labels = new Uint32Array(labels);
    // Facts that a caller could change would no longer describe the data in native memory.
    Object.freeze(this.affine);
    Object.freeze(this);
  }

  /** [rows]. A copy: whoever changes it changes nothing that a run or a method reads. */
  get labels(): Uint32Array {
    // Made once, because callers read single labels in loops.
    this.#shownLabels ??= this.#labels.slice();
    return this.#shownLabels;
  }

  /**
   * A new data set of only these rows and columns, in the given order. It shares no memory with
   * this one.
   *
   * @throws {LetheError} ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_INVALID_ARGUMENT: no column, or one
   * out of range. ERR_OUT_OF_MEMORY.
   */
  select(rows: Rows, options: SelectOptions = {}): Dataset {
    const selected = this.nonEmptyRowSet(rows, 'selection');
    const { columns: wanted } = requireKnownFields('options', options, { columns: true });
    const columns = wanted === undefined ? indicesBelow(this.columns) : this.#checkColumns(wanted);
    const handle = callNative(
      (addon) => new addon.Dataset({ source: this.handle, rows: positionsOf(selected), columns }),
    );
    const { name, classes, affine } = this;
    const labels = selected.gather(this.#labels);
    return new Dataset(
      { name, labels, rows: selected.length, columns: columns.length, classes, affine },
      handle,
    );
  }

  /** All rows, in ascending order. */
  allRows(): RowSet {
    return trustedRows(this, indicesBelow(this.rows));
  }

  /**
   * A set of rows of this data set. Rows that are used repeatedly are thus checked only once.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: a row is out of range, negative, fractional, given twice
   * or of another data set. ERR_INVALID_ARGUMENT: `rows` is not a list.
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
   * The normalized features of these rows, as a network receives them: float32 [rows, columns].
   *
   * @throws {LetheError} ERR_INVALID_ROWS
   */
  normalized(rows: Rows): Float32Array {
    const checked = this.rowSet(rows);
    return callNative(() => this.handle.normalized({ rows: positionsOf(checked) }));
  }

  #checkColumns(wanted: Uint32Array | readonly number[]): Uint32Array {
    const { length } = requireIndices('columns', wanted);
    requireInteger('the number of columns', length, 1, MOST_UNITS);
    return Uint32Array.from(wanted, (column) =>
      requireInteger('a column', column, 0, this.columns - 1),
    );
  }
}

function intoNativeMemory(data: LabelledData): NativeDataset {
  const { name, features, labels, rows, columns, classes } = data;
  requireText('name', name);
  requireInteger('rows', rows, 1);
  requireInteger('columns', columns, 1);
  requireInteger('classes', classes, 1);
  requireFeatures(features);
  requireInstance('labels', labels, Uint32Array);
  if (features.length !== rows * columns || labels.length !== rows) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} must have ${rows} x ${columns} features and ${rows} labels, but has ` +
        `${features.length} and ${labels.length}`,
    );
  }
  const affine = checkAffine(features, data.affine);
  return callNative(
    (addon) => new addon.Dataset({ features, labels, columns, classes, ...affine }),
  );
}

function requireFeatures(features: Uint8Array | Float32Array): void {
  if (isInstance(features, Uint8Array) || isInstance(features, Float32Array)) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    'features must be a Uint8Array (with an affine map) or a Float32Array, ' +
      `but are ${describeValue(features)}`,
  );
}

/**
 * The affine map of these features. Bytes need one; float32 features already are the network's
 * input, and their map is the identity.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: bytes without a map, float32 features with another map
 * than the identity, or a map that is not finite
 */
export function checkAffine(
  features: Uint8Array | Float32Array,
  affine: AffineMap | undefined,
): AffineMap {
  const isFloat = isInstance(features, Float32Array);
  if (affine === undefined) {
    if (isFloat) return IDENTITY;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'byte features need an affine map to the inputs of the network: give affine: {scale, offset}',
    );
  }
  const { scale, offset } = requireKnownFields('affine', affine, { scale: true, offset: true });
  requireFinite('scale', scale);
  requireFinite('offset', offset);
  if (isFloat && (scale !== IDENTITY.scale || offset !== IDENTITY.offset)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'float32 features are used as they are: map them yourself and leave affine out, or give bytes',
    );
  }
  return { scale, offset };
}
