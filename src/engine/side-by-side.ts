const REPORT_INTERVAL_MS = 50;

/**
 * Begins the tasks in their order, so many at a time. The first failure aborts the others and is thrown.
 *
 * @param signal aborts all
 */
export async function sideBySide(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  atOnce: number,
  signal?: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([failure.signal, ...(signal ? [signal] : [])]);
  let next = 0;
  const takeNext = async (): Promise<void> => {
    while (next < tasks.length) {
      try {
        await tasks[next++]!(stop);
      } catch (error) {
        // The first failure alone: what it aborts fails too.
        if (!failure.signal.aborted) failure.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, takeNext));
  if (failure.signal.aborted) throw failure.signal.reason;
}

/**
 * Sums up how far each task has come, in [0, 1], and passes on at most 20 sums a second and the last
 * one.
 */
export function shareReporter(
  tasks: number,
  report: (progress: { finished: number; share: number }) => void,
): (task: number, share: number) => void {
  const shares = new Float64Array(tasks);
  let last = Number.NEGATIVE_INFINITY;
  return (task, share) => {
    shares[task] = share;
    const finished = shares.filter((done) => done === 1).length;
    const now = performance.now();
    if (now - last < REPORT_INTERVAL_MS && finished < tasks) return;
    last = now;
    report({ finished, share: shares.reduce((sum, done) => sum + done, 0) / tasks });
  };
}
