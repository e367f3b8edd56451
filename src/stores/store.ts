import type { Ownership, Subject } from '../engine/row-subjects.js';

/** The result of a deletion. */
export interface Deletion {
  readonly subject: string;
  /** The deleted rows, ascending: the forget set. */
  readonly forget: Uint32Array;
  /** The remaining rows, ascending: the retain set. */
  readonly retain: Uint32Array;
}

/**
 * Records which subject owns which row. Rows are identified by their position in the data set;
 * features are not stored. Every method throws ERR_STORE if the store is closed, another program
 * holds its lock, or the database fails, and ERR_INVALID_ARGUMENT if a subject is not a string.
 */
export interface Store {
  /**
   * Adds consecutive rows in one transaction. Unknown subjects are added, even those without a row;
   * known subjects get the rows in addition to those that they have.
   *
   * @param ownership as `dataset.subjects.ownership()` gives it; every subject must be a text
   * @param labels [rows], the class of each row
   * @param options.firstRow the position of the first row in the data set; default 0
   * @throws {LetheError} ERR_DUPLICATE: a row is already stored, or a subject is given twice.
   * ERR_INVALID_ARGUMENT.
   */
  ingest(
    ownership: Ownership<Subject>,
    labels: Uint32Array,
    options?: { readonly firstRow?: number },
  ): Promise<void>;

  /** The subjects and how many rows each owns, largest first. */
  subjects(): Promise<{ subject: string; rows: number }[]>;

  /** All stored rows, ascending. */
  rows(): Promise<Uint32Array>;

  /** Whether the subject has been added and not deleted. */
  has(subject: string): Promise<boolean>;

  /** The rows of a subject, ascending. @throws {LetheError} ERR_UNKNOWN_SUBJECT */
  rowsOf(subject: string): Promise<Uint32Array>;

  /**
   * Deletes a subject and, by cascade in the database, every row that it owns, in one transaction.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT: never added, or already deleted; nothing changes.
   */
  delete(subject: string): Promise<Deletion>;

  /** Closes the database; closing twice is allowed. */
  close(): Promise<void>;
}
