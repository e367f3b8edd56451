import {
  type Names,
  pick,
  requireFunction,
  requireInstance,
  requireInteger,
  requireNames,
  requireOneOf,
} from '../base/arguments.js';
import { availableThreads } from '../base/available-threads.js';
import { LetheError } from '../base/errors.js';
import {
  callNative,
  type NativeAddon,
  type NativeCompute,
  type NativeRun,
  type Progress,
  toLetheError,
} from './native.js';

/** Where and how a run computes. */
export interface ComputeOptions {
  /** Threads, the calling one included; default: the cores this process may use. Never changes a bit of the result. */
  readonly threads?: number;
  /**
   * `cuda`: the CUDA device, ERR_NO_DEVICE where there is none; `auto`: that device where there is one,
   * else the CPU. Default `cpu`. Never changes a bit of the result in exact precision. Whatever the
   * device, the CPU maps data sets, folds maps, finds principal components, solves Kronecker systems
   * and answers `Model.predict`.
   */
  readonly device?: 'cpu' | 'cuda' | 'auto';
  /**
   * `exact`: float32, the bits of the CPU. `fast`: TF32 tensor cores, other bits; only with the device
   * `cuda`, so that no result is silently of another precision than asked for. Default `exact`.
   */
  readonly precision?: 'exact' | 'fast';
  /** @internal So many runs share the CUDA device, each in a part of it; default 1. */
  readonly concurrentRuns?: number;
}

/** As many as the addon shares a device between. */
export const MOST_CONCURRENT_RUNS = 1024;

/** What every long run takes. */
export interface RunOptions extends ComputeOptions {
  /** Aborts the run with ERR_ABORTED; the model stays as it was. */
  readonly signal?: AbortSignal;
  /** Called at most 20 times a second. What it throws aborts the run and is what the run throws. */
  readonly onProgress?: (progress: Progress) => void;
}

type SilentOptions = Omit<RunOptions, 'onProgress'>;

export const SILENT_RUN_OPTIONS: Names<SilentOptions> = {
  ...{ threads: true, device: true, precision: true, concurrentRuns: true, signal: true },
};

export const RUN_OPTIONS: Names<RunOptions> = { ...SILENT_RUN_OPTIONS, onProgress: true };

/** What any run takes, of whatever else the options hold. */
export function runOptionsOf(options: RunOptions): RunOptions {
  return pick(options, RUN_OPTIONS);
}

/** The same for a run whose progress nobody is to see. */
export function withoutProgress(options: SilentOptions): SilentOptions {
  return pick(options, SILENT_RUN_OPTIONS);
}

/** What a run takes, whatever it reports. */
interface AnyRunOptions<Report> extends SilentOptions {
  readonly onProgress?: Report;
}

/** The options of a run and no others, checked, with their defaults, and `auto` resolved. */
export function checkRunOptions<Report>(
  options: AnyRunOptions<Report>,
): AnyRunOptions<Report> & Readonly<NativeCompute> {
  const {
    threads = availableThreads(),
    signal,
    onProgress,
  } = requireNames('options', options, RUN_OPTIONS);
  const { device: wanted = 'cpu', precision = 'exact', concurrentRuns = 1 } = options;
  requireInteger('threads', threads, 1, 1024);
  requireInteger('concurrentRuns', concurrentRuns, 1, MOST_CONCURRENT_RUNS);
  requireOneOf('device', wanted, ['cpu', 'cuda', 'auto']);
  requireOneOf('precision', precision, ['exact', 'fast']);
  if (precision === 'fast' && wanted !== 'cuda') {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the precision "fast" needs the device "cuda", but the device is "${wanted}"`,
    );
  }
  if (signal !== undefined) requireInstance('signal', signal, AbortSignal);
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  const device = wanted === 'auto' ? availableDevice() : wanted;
  return {
    ...{ threads, device, precision, concurrentRuns },
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && { onProgress }),
  };
}

function availableDevice(): 'cpu' | 'cuda' {
  return callNative((addon) => addon.cudaStatus()).available ? 'cuda' : 'cpu';
}

/**
 * Starts a run of the addon and waits for it: the options are checked, the signal aborts it, and what
 * the callback or the addon throws is thrown.
 *
 * @param start what the addon begins; it is not called if the signal has aborted
 */
export async function runNative<T>(
  options: RunOptions,
  start: (
    addon: NativeAddon,
    compute: Readonly<NativeCompute>,
    onProgress: ((progress: Progress) => void) | undefined,
  ) => NativeRun<T>,
): Promise<T> {
  const { signal, onProgress, ...compute } = checkRunOptions(options);
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
  const run = callNative((addon) => start(addon, compute, onProgress && report));
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
