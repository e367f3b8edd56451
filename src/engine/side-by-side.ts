import {
  type ComputeOptions,
  checkRunOptions,
  MOST_CONCURRENT_RUNS,
  withoutProgress,
} from './run.js';

const REPORT_INTERVAL_MS = 50;

/** So many runs of small networks keep a CUDA device busy. */
const RUNS_ON_CUDA = 6;

/**
 * How the machine is shared out among independent runs: on the CPU each has one thread, on a CUDA device
 * a part of it.
 *
 * @param options those of all runs together; `threads`, where given, says how many go on at once on
 * either device
 * @returns how many go on at once, and the options of each
 */
export function shareMachine(options: ComputeOptions, runs: number) {
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
 * Does the work for every item, begun in their order, for so many at once: work of one thread fills
 * the machine in this way, without waiting for another thread at every step. The first failure aborts
 * the others and is thrown.
 *
 * @param work its signal aborts where other work has failed, or `signal` does
 * @returns the results in the items' order
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  // The first failure alone counts: the runs that it aborts fail too.
  let failure: { readonly error: unknown } | undefined;
  const others = new AbortController();
  const stop = AbortSignal.any([others.signal, ...(signal ? [signal] : [])]);
  const results: Result[] = [];
  // All take from one queue.
  const queue = items.entries();
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
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeTurns));
  if (failure) throw failure.error;
  return results;
}

/**
 * Sums up how far the work for each item has come, in [0, 1], and passes on at most 20 sums a second and the last
 * one.
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
