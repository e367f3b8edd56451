import type { RowId } from '../engine/packed-ids.js';
import type { Subject } from '../engine/row-subjects.js';

/** Which subjects own which rows. */
export interface StoredOwnership {
  /** Subjects, which must be texts. */
  readonly subjects: readonly Subject[];
  /** [rows], each an index into `subjects`, or a list of such for a row with other than one owner. */
  readonly owners: Uint32Array | readonly (readonly number[])[];
}

/**
 * What a data set says of its rows: a `Dataset`, or anything with the same fields. Without ids, a
 * row's id is its position.
 */
export interface IdentifiedRows {
  /** [rows], each of them different. */
  readonly ids?: Iterable<RowId>;
  /** [rows], the class of each row. */
  readonly labels: Uint32Array;
}

export interface InDataset {
  /**
   * Answers with positions in this data set, whatever its order, and first checks that it holds
   * every row of the store, with the same label. Without it, rows are the numbers that they were
   * ingested with.
   */
  readonly dataset?: IdentifiedRows;
}

export interface RowsOfOptions extends InDataset {
  /** `alone`: rows that go with the subject; `shared`: rows of other subjects too. Default `all`. */
  readonly owned?: 'all' | 'alone' | 'shared';
}

export interface IngestOptions {
  /**
   * The number of the first row, which is its position in the data set; default 0, or with `ids` the
   * number after the highest one that was ever used.
   */
  readonly firstRow?: number;
  /** [rows], the ids of the rows; default: their numbers. */
  readonly ids?: Iterable<RowId>;
}

/** Whether what was deleted is gone from the files of the store, too. */
export interface FileErasure {
  /**
   * Whether no file of the store holds a byte of it any more. If not, the deletion is done, and
   * `store.purge()` finishes the erasure, as the next deletion and the next opening do.
   */
  readonly erasedFromFile: boolean;
  /** What was in the way, if it is not erased from the file. */
  readonly reason?: string;
}

/** The result of deleting rows. */
export interface RowDeletion extends FileErasure {
  /** The deleted rows, ascending: the forget set. */
  readonly forget: Uint32Array;
  /** The remaining rows, ascending: the retain set. */
  readonly retain: Uint32Array;
}

/** The result of deleting a subject. */
export interface Deletion extends RowDeletion {
  readonly subject: string;
}

/**
 * Records which subjects own which row. A row has a number, which is its position in the data set
 * that was ingested, and an id; features are not stored. Neither a number nor a whole-number id of a
 * deleted row is given to another one. Every method throws ERR_STORE if the store is closed, another
 * program holds its lock for more than a second, or the database fails, and ERR_INVALID_ARGUMENT if
 * a subject or an id is not well-formed text of at most 1 MiB without NUL.
 */
export interface Store {
  /**
   * Adds consecutive rows in one transaction. Unknown subjects are added, even those without a row;
   * known subjects get the rows in addition to those that they have.
   *
   * @param ownership as `dataset.subjects.ownership()` gives it; every subject must be a text
   * @param labels [rows], the class of each row
   * @throws {LetheError} ERR_DUPLICATE: a row is stored already, was deleted before, or a subject is
   * given twice. ERR_INVALID_ARGUMENT.
   */
  ingest(ownership: StoredOwnership, labels: Uint32Array, options?: IngestOptions): Promise<void>;

  /** The subjects and how many rows each owns, alone or with others, largest first. */
  subjects(): Promise<{ subject: string; rows: number }[]>;

  /** All stored rows, ascending. @throws {LetheError} as `check` */
  rows(options?: InDataset): Promise<Uint32Array>;

  /** The ids of all rows, in the order of their numbers. */
  ids(): Promise<RowId[]>;

  /** Whether the subject has been added and not deleted. */
  has(subject: string): Promise<boolean>;

  /**
   * The rows of a subject, ascending.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT; as `check`
   */
  rowsOf(subject: string, options?: RowsOfOptions): Promise<Uint32Array>;

  /**
   * Checks that a data set holds every row of the store, by its id and with the same label. Rows
   * that the store does not know, such as deleted ones, may be in it.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: names a row that is missing or has another label.
   * ERR_DUPLICATE: an id is given twice. ERR_INVALID_ARGUMENT.
   */
  check(dataset: IdentifiedRows): Promise<void>;

  /**
   * Deletes a subject and, by cascade in the database, every row that it owns alone, in one
   * transaction; a row with other owners stays until the last of them leaves. Then rewrites the file,
   * so that it holds nothing of them: once for all deletions that are asked for together, as
   * with Promise.all.
   *
   * @throws {LetheError} ERR_UNKNOWN_SUBJECT: never added, or already deleted; as `check`. Nothing
   * changes then.
   */
  delete(subject: string, options?: InDataset): Promise<Deletion>;

  /**
   * Deletes rows by their ids in one transaction, whoever owns them; subjects stay, even without a
   * row.
   *
   * @throws {LetheError} ERR_INVALID_ROWS: no row has such an id, or it is given twice; as `check`.
   * Nothing changes then.
   */
  deleteRows(ids: Iterable<RowId>, options?: InDataset): Promise<RowDeletion>;

  /**
   * Gives rows other labels, in one transaction.
   *
   * @param labels one for each id
   * @throws {LetheError} ERR_INVALID_ROWS: no row has such an id, or it is given twice.
   * ERR_INVALID_ARGUMENT.
   */
  relabel(ids: Iterable<RowId>, labels: Uint32Array): Promise<void>;

  /** Overwrites whatever the store's files still hold of what was deleted. */
  purge(): Promise<FileErasure>;

  /** Closes the database; closing twice is allowed. */
  close(): Promise<void>;
}
