import { requireFunction, requireInstance, requireInteger, requireObject } from '../arguments.js';
import { LetheError } from '../errors.js';
import { availableThreads } from './available-threads.js';
import {
  callNative,
  type NativeAddon,
  type NativeRun,
  type Progress,
  toLetheError,
} from './native.js';

/** What every long run takes. */
export interface RunOptions {
  /** Threads, the calling one included; default: the cores this process may use. Never changes a bit of the result. */
  readonly threads?: number;
  /** Aborts the run with ERR_ABORTED; the model stays as it was. */
  readonly signal?: AbortSignal;
  /** Called at most 20 times a second. What it throws aborts the run and is what the run throws. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a run takes, whatever it reports. */
interface AnyRunOptions<Report> {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: Report;
}

/** The options, checked, with the default number of threads. */
export function checkRunOptions<Report>(
  options: AnyRunOptions<Report>,
): AnyRunOptions<Report> & { readonly threads: number } {
  const { threads = availableThreads(), signal, onProgress } = requireObject('options', options);
  requireInteger('threads', threads, 1, 1024);
  if (signal !== undefined) requireInstance('signal', signal, AbortSignal);
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  return {
    threads,
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && { onProgress }),
  };
}

/**
 * Starts a run of the addon and waits for it: the options are checked, the signal aborts it, and what
 * the callback or the addon throws is thrown.
 *
 * @param start what the addon begins with so many threads; it is not called if the signal has aborted
 */
export async function runNative<T>(
  options: RunOptions,
  start: (
    addon: NativeAddon,
    threads: number,
    onProgress: ((progress: Progress) => void) | undefined,
  ) => NativeRun<T>,
): Promise<T> {
  const { threads, signal, onProgress } = checkRunOptions(options);
  if (signal?.aborted) throw aborted(signal);

  let callbackError: { error: unknown } | undefined;
  const report = (progress: Progress) => {
    if (callbackError) return;
    try {
      onProgress?.(progress);
    } catch (error) {
      callbackError = { error };
      abort();
    }
  };
  const run = callNative((addon) => start(addon, threads, onProgress && report));
  const abort = () => run.abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await run.promise;
  } catch (error) {
    if (callbackError) throw callbackError.error;
    if (signal?.aborted) throw aborted(signal);
    throw toLetheError(error);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function aborted(signal: AbortSignal): LetheError {
  return new LetheError('ERR_ABORTED', 'the run was aborted', {
    cause: signal.reason,
  });
}
