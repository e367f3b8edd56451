import type { LabelledData } from '../engine/labelled-data.js';

/** Which subject owns each row of a data set. */
export interface Ownership {
  /** Subject identifiers. */
  readonly subjects: readonly string[];
  /** [rows], each an index into `subjects`. */
  readonly owners: Uint32Array;
}

/** What a table file holds. */
export interface OwnedData {
  readonly data: LabelledData;
  /** What the labels 0, 1, ... are called in the file. */
  readonly classNames: readonly string[];
  /** There where an owner column is named. */
  readonly ownership?: Ownership;
}
