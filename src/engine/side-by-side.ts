import {
  requireArray,
  requireFunction,
  requireInstance,
  requireInteger,
} from '../base/arguments.js';
import {
  type ComputeOptions,
  checkRunOptions,
  MOST_CONCURRENT_RUNS,
  withoutProgress,
} from './run.js';

const REPORT_INTERVAL_MS = 50;

/** How many concurrent runs of small networks keep a CUDA device busy. */
const RUNS_ON_CUDA = 6;

/**
 * Divides the machine among independent runs: on the CPU each gets one thread, on a CUDA device a
 * part of the device.
 *
 * @param options of all runs together; `threads`, if given, is how many run at once on either
 * device
 * @returns how many run at once, and the options of each
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function shareMachine(options: ComputeOptions, runs: number) {
  requireInteger('runs', runs, 0);
  const checked = checkRunOptions<never>(withoutProgress(options));
  const { threads, device, precision, concurrentRuns } = checked;
  const places = device === 'cuda' ? (options.threads ?? RUNS_ON_CUDA) : threads;
  const atOnce = Math.max(1, Math.min(places, runs));
  const each = {
    threads: 1,
    device,
    precision,
    concurrentRuns: Math.min(MOST_CONCURRENT_RUNS, atOnce * concurrentRuns),
  };
  return { atOnce, each };
}

/**
 * Runs the work for every item, started in order and at most `atOnce` at a time. Single-threaded
 * work thus fills the machine without synchronizing threads at every step. The first failure aborts
 * the others and is thrown.
 *
 * @param work its signal aborts when other work has failed or when `signal` aborts
 * @returns the results in the items' order
 * @throws {LetheError} ERR_INVALID_ARGUMENT, or whatever the work throws
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  requireInteger('atOnce', atOnce, 1);
  requireFunction('work', work);
  if (signal !== undefined) requireInstance('signal', signal, AbortSignal);
  // Only the first failure is reported, because the work that it aborts fails as well.
  let failure: { readonly error: unknown } | undefined;
  const others = new AbortController();
  const stop = AbortSignal.any([others.signal, ...(signal ? [signal] : [])]);
  const results: Result[] = [];
  // All workers take items from the same iterator.
  const all = requireArray('items', items);
  const queue = all.entries();
  const takeTurns = async (): Promise<void> => {
    for (const [index, item] of queue) {
      try {
        results[index] = await work(item, index, stop);
      } catch (error) {
        failure ??= { error };
        others.abort(error);
      }
      if (failure) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, takeTurns));
  if (failure) throw failure.error;
  return results;
}

/**
 * Averages the progress of all items, each in [0, 1], and reports it at most 20 times a second and
 * once at the end.
 */
export function shareReporter(
  items: number,
  report: (progress: { finished: number; share: number }) => void,
): (item: number, share: number) => void {
  const shares = new Float64Array(items);
  let last = Number.NEGATIVE_INFINITY;
  let isOver = false;
  return (item, share) => {
    shares[item] = share;
    const finished = shares.filter((done) => done === 1).length;
    const now = performance.now();
    if (isOver || (now - last < REPORT_INTERVAL_MS && finished < items)) return;
    last = now;
    isOver = finished === items;
    report({ finished, share: shares.reduce((sum, done) => sum + done, 0) / items });
  };
}
