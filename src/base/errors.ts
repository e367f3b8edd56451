/**
 * The one error class of the public API. `code` is stable across releases, the message is for people
 * and says what to do.
 */
export type LetheErrorCode =
  /** An argument has the wrong type, shape or range. */
  | 'ERR_INVALID_ARGUMENT'
  /** A row index is out of range, negative, fractional or given twice. */
  | 'ERR_INVALID_ROWS'
  /** A set of rows that must not be empty is empty. */
  | 'ERR_EMPTY_SET'
  /** A file does not hold what its format promises: truncated, oversized, wrong magic number or count. */
  | 'ERR_INVALID_DATA'
  /** A data file is not where it was looked for. */
  | 'ERR_DATA_NOT_FOUND'
  /** No server has served a file that was to be downloaded. */
  | 'ERR_DOWNLOAD'
  /** A file's SHA-256 is not the expected one. */
  | 'ERR_HASH_MISMATCH'
  /** A saved model is truncated, altered or of an unknown version. */
  | 'ERR_INVALID_MODEL'
  /** The file holds a model, but none that the engine computes: the message names what is in the way. */
  | 'ERR_UNSUPPORTED_MODEL'
  /** The store does not know this subject: never added, or already deleted. */
  | 'ERR_UNKNOWN_SUBJECT'
  /** A subject or sample with this identifier exists already. */
  | 'ERR_DUPLICATE'
  /** The store is closed, or its file is not a Lethe store. */
  | 'ERR_STORE'
  /** The model is being changed by another run. */
  | 'ERR_BUSY'
  /** A parameter became infinite or not a number; the model is as it was before the run. */
  | 'ERR_DIVERGED'
  /** The run was aborted through its AbortSignal; the model is as it was before the run. */
  | 'ERR_ABORTED'
  /** The engine and the independent runtime disagree: do not use the model. */
  | 'ERR_VERIFICATION_FAILED'
  /** The independent runtime cannot be started, or does not run the model: nothing is verified. */
  | 'ERR_RUNTIME'
  /** The native addon is not built, or was built for another platform. */
  | 'ERR_ADDON_MISSING'
  /** There is no CUDA device to compute on: the message says what is missing. */
  | 'ERR_NO_DEVICE'
  /** The CUDA device was lost, or stalled; the model is as it was before the run. */
  | 'ERR_DEVICE_FAILED'
  /** Native memory could not be allocated. */
  | 'ERR_OUT_OF_MEMORY'
  /** A file could not be read or written. */
  | 'ERR_IO';

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
