import {
  type KnownFields,
  pick,
  requireFunction,
  requireInstance,
  requireInteger,
  requireKnownFields,
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
  /**
   * Threads, including the calling one; default: the cores that this process may use. The result
   * has the same bits for any number of threads.
   */
  readonly threads?: number;
  /**
   * `cuda`: the CUDA device, ERR_NO_DEVICE where there is none; `auto`: that device where there is
   * one, else the CPU. Default `cpu`. In exact precision the result has the same bits on any
   * device. Some work always runs on the CPU: mapping data sets, folding maps, principal
   * components, Kronecker systems and `Model.predict`.
   */
  readonly device?: 'cpu' | 'cuda' | 'auto';
  /**
   * `exact`: float32, with the bits of the CPU. `fast`: TF32 tensor cores, with other bits;
   * requires the device `cuda`, so that a result never silently has another precision than
   * requested. Default `exact`.
   */
  readonly precision?: 'exact' | 'fast';
  /** @internal The number of runs that share the CUDA device, each in a part of it; default 1. */
  readonly concurrentRuns?: number;
}

/** The most runs among which the addon divides a device. */
export const MOST_CONCURRENT_RUNS = 1024;

/** The options of every long run. */
export interface RunOptions extends ComputeOptions {
  /** Aborts the run with ERR_ABORTED; the model stays as it was. */
  readonly signal?: AbortSignal;
  /**
   * Called at most 20 times a second. If it throws, the run is aborted and throws the same value.
   */
  readonly onProgress?: (progress: Progress) => void;
}

export type SilentOptions = Omit<RunOptions, 'onProgress'>;

export const SILENT_RUN_OPTIONS: KnownFields<SilentOptions> = {
  ...{ threads: true, device: true, precision: true, concurrentRuns: true, signal: true },
};

export const RUN_OPTIONS: KnownFields<RunOptions> = { ...SILENT_RUN_OPTIONS, onProgress: true };

/** Extracts the run options from a method's options. */
export function runOptionsOf(options: RunOptions): RunOptions {
  return pick(options, RUN_OPTIONS);
}

/** The run options without onProgress, for a run whose progress is not reported. */
export function withoutProgress(options: SilentOptions): SilentOptions {
  return pick(options, SILENT_RUN_OPTIONS);
}

/** Run options with any type of progress callback. */
interface AnyRunOptions<Report> extends SilentOptions {
  readonly onProgress?: Report;
}

/** Checks run options (unknown fields are refused), fills in their defaults and resolves `auto`. */
export function checkRunOptions<Report>(
  options: AnyRunOptions<Report>,
): AnyRunOptions<Report> & Readonly<NativeCompute> {
  const known = requireKnownFields('options', options, RUN_OPTIONS);
  const { threads = availableThreads(), signal, onProgress } = known;
  const { device: wanted = 'cpu', precision = 'exact', concurrentRuns = 1 } = known;
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
 * Checks the options, starts a run of the addon and waits for it. The signal aborts the run; errors
 * of the callback and of the addon are rethrown.
 *
 * @param start starts the run; not called if the signal has already aborted
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
