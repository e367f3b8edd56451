export type BenchErrorCode =
  /** Another program that was to be measured beside Lethe could not run. */
  | 'ERR_PEER'
  /** A module with a method of the user's own does not load, or does not hold one. */
  | 'ERR_METHOD'
  /** There is no method of this name. */
  | 'ERR_UNKNOWN_METHOD'
  /** There is no recipe of this name. */
  | 'ERR_UNKNOWN_RECIPE'
  /** There is no data set, or kind of data, of this name. */
  | 'ERR_UNKNOWN_DATA'
  /** The results could not be written. */
  | 'ERR_IO';

/** What stops a bench and is no fault of the library's; the message says what to do. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  constructor(
    readonly code: BenchErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
