import type { LabelledData } from '../engine/labelled-data.js';

/** Which subject owns each row of a data set. */
export interface Ownership {
  /** Subject identifiers. */
  readonly subjects: readonly string[];
  /** [rows], each an index into `subjects`. */
  readonly owners: Uint32Array;
}

/** The contents of a table file. */
export interface OwnedData {
  readonly data: LabelledData;
  /** The names of the labels 0, 1, ... in the file. */
  readonly classNames: readonly string[];
  /** The names of the columns; the elements of a list are called `embedding[0]`, `embedding[1]`, ... */
  readonly featureNames: readonly string[];
  /** Defined if an owner column is named. */
  readonly ownership?: Ownership;
}
