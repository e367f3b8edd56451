import type { Ownership } from '../data/owned-data.js';

/** What a deletion has done. */
export interface Deletion {
  readonly subject: string;
  /** The rows that went, ascending: what the model must forget. */
  readonly forget: Uint32Array;
  /** The rows that are left, ascending. */
  readonly retain: Uint32Array;
}

/**
 * Where it is written down who owns which row. Samples are identified by their row in the data set;
 * the features stay outside. Every method throws ERR_STORE if the store is closed, another program
 * holds its lock, or the database fails; ERR_INVALID_ARGUMENT if a subject is not a string.
 */
export interface Store {
  /**
   * Adds the samples of consecutive rows, all or nothing. Subjects that the store does not know are
   * added too, those without a row as well; to those that it knows the rows are added.
   *
   * @param labels [rows], the class of each row
   * @param options.firstRow the row in the data set of the first sample; default 0
   * @throws {LetheError} ERR_DUPLICATE: a row is there already, or a subject is given twice.
   * ERR_INVALID_ARGUMENT.
   */
  ingest(
    ownership: Ownership,
    labels: Uint32Array,
    options?: { readonly firstRow?: number },
  ): Promise<void>;

  /** The subjects and how many rows each owns, most first. */
  subjects(): Promise<{ subject: string; rows: number }[]>;

  /** The live rows, ascending. */
  rows(): Promise<Uint32Array>;

  /** Whether the store knows the subject: added and not deleted. */
  has(subject: string): Promise<boolean>;

  /** The rows of a subject, ascending. @throws {LetheError} ERR_UNKNOWN_SUBJECT */
  rowsOf(subject: string): Promise<Uint32Array>;

  /**
   * Deletes a subject and, by the database's own cascade, every row that it owns, in one transaction.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT: never added, or deleted before; nothing has changed.
   */
  delete(subject: string): Promise<Deletion>;

  /** Closing twice is allowed. */
  close(): Promise<void>;
}
