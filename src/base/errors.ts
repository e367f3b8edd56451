/**
 * The code of a LetheError, the only error class of the public API. Codes are stable across
 * releases; the message is for people and says what to do.
 */
export type LetheErrorCode =
  /** An argument has the wrong type, shape or range. */
  | 'ERR_INVALID_ARGUMENT'
  /**
   * A row is out of range, negative, fractional, given twice, of another data set, in two sets that
   * must not overlap, or was not trained on.
   */
  | 'ERR_INVALID_ROWS'
  /** No row has this id: there never was one, or it has been erased. */
  | 'ERR_UNKNOWN_ROW'
  /** A row that a set or list names has been erased. */
  | 'ERR_ERASED_ROW'
  /** A set of rows that must not be empty is empty. */
  | 'ERR_EMPTY_SET'
  /** A file violates its format: truncated, oversized, wrong magic number or count. */
  | 'ERR_INVALID_DATA'
  /** A data file is not in the folder that was searched. */
  | 'ERR_DATA_NOT_FOUND'
  /** No mirror could deliver a file. */
  | 'ERR_DOWNLOAD'
  /** A file's hash is not the expected one. */
  | 'ERR_HASH_MISMATCH'
  /** A model file is truncated, altered, contradictory or of an unknown version. */
  | 'ERR_INVALID_MODEL'
  /**
   * The file holds a model that the engine cannot compute: the message names the unsupported part.
   */
  | 'ERR_UNSUPPORTED_MODEL'
  /** The subject or owner is unknown: never added, or already deleted. */
  | 'ERR_UNKNOWN_SUBJECT'
  /** A subject, a row or an id exists already, or is given twice. */
  | 'ERR_DUPLICATE'
  /** The store is closed, or its file is not a Lethe store. */
  | 'ERR_STORE'
  /** The native binding of the store's database is not built, or for another version of Node. */
  | 'ERR_STORE_BINDING'
  /** The model is being changed by another run, or a run reads the data set that is to change. */
  | 'ERR_BUSY'
  /** A parameter or a result is infinite or not a number; the model is as it was before the run. */
  | 'ERR_DIVERGED'
  /** The run was aborted through its AbortSignal; the model is as it was before the run. */
  | 'ERR_ABORTED'
  /** The engine and the independent runtime disagree: do not use the model. */
  | 'ERR_VERIFICATION_FAILED'
  /** The independent runtime cannot be started, or does not run the model: nothing is verified. */
  | 'ERR_RUNTIME'
  /** The native addon is not built, or was built for another platform. */
  | 'ERR_ADDON_MISSING'
  /** An optional package is not installed: the message names it. */
  | 'ERR_PEER_MISSING'
  /** There is no CUDA device to compute on: the message says what is missing. */
  | 'ERR_NO_DEVICE'
  /** The CUDA device was lost, or stalled; the model is as it was before the run. */
  | 'ERR_DEVICE_FAILED'
  /** Native memory could not be allocated. */
  | 'ERR_OUT_OF_MEMORY'
  /** A file could not be read or written. */
  | 'ERR_IO'
  /** A row file was truncated, or written to by somebody else, after it was opened. */
  | 'ERR_FILE_CHANGED';

export class LetheError extends Error {
  override readonly name = 'LetheError';

  constructor(
    readonly code: LetheErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
