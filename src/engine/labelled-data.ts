import type { ColumnEncoding } from './encoding/column-encoding.js';
import type { RowId } from './packed-ids.js';
import type { Ownership, Subject } from './row-subjects.js';

/** An affine map of raw features: x = scale * u + offset. */
export interface AffineMap {
  readonly scale: number;
  readonly offset: number;
}

/** A map for features, and whether they have gone through it already. */
export interface FeatureMap extends AffineMap {
  /**
   * Of float32 features that are the network's input as they are: a model that was trained on bytes, or
   * on raw values, with this map takes them. Default false.
   */
  readonly applied?: boolean;
}

export const IDENTITY: AffineMap = { scale: 1, offset: 0 };

/** Rows of features with one class label each, as readers return them for `new Dataset`. */
export interface LabelledData {
  /** The data set's name, e.g. `MNIST train`; error messages and reports show it. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** Row-major [rows, columns]: raw bytes, or float32 values as the network receives them. */
  readonly features: Uint8Array | Float32Array;
  /**
   * Maps raw bytes to the network's input, whenever they are computed with. Float32 features go through
   * it when the data set is made; without it, they are the network's input.
   */
  readonly affine?: FeatureMap;
  /** [rows], each in 0..classes-1. */
  readonly labels: Uint32Array;
}

/** What `new Dataset` takes: rows, and the names of rows, owners, classes and columns. */
export interface DatasetContents extends Omit<LabelledData, 'classes'> {
  /** May be left out where class names are given. */
  readonly classes?: number;
  /** The names of the classes 0, 1, ...; a class keeps its name and place without a row. */
  readonly classNames?: readonly string[];
  /** [columns], the columns' names. */
  readonly featureNames?: readonly string[];
  /** [columns], how float32 features, which then are raw values, become inputs of a network. */
  readonly encoding?: readonly ColumnEncoding[];
  /**
   * [rows], each at most once: all whole numbers (a bigint beyond 2^53, up to 64 bits) or all texts.
   * The data set holds its rows in ascending order of id, whatever order they are given in.
   * Default: a row's id is its position.
   */
  readonly ids?: Iterable<RowId>;
  /** [rows], each one subject or any number of them; or the owner of each row. */
  readonly subjects?: Iterable<Subject | readonly Subject[] | undefined> | Ownership<Subject>;
}
