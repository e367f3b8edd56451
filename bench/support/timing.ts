import { setTimeout } from 'node:timers/promises';

/** What was measured several times. */
export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function rangeOf(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    min: sorted[0]!,
    max: sorted.at(-1)!,
  };
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

/** Threads that wait for more work of one contender spin for a while: not into the next one's time. */
const PAUSE_MILLISECONDS = 50;

/** Waits until the threads of the last contender sleep. */
export async function pause(): Promise<void> {
  await setTimeout(PAUSE_MILLISECONDS);
}

/**
 * Measures several contenders in turns, so that what else the machine does meets them all alike.
 *
 * @param contenders each answers its own measurement
 * @returns for each the measurements, round by round
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      await pause();
      measured[name].push(await contenders[name]());
    }
  }
  return measured;
}

/** The quotients of what was measured in the same round. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): Range {
  return rangeOf(numerators.map((value, round) => value / denominators[round]!));
}

/** Seconds that a run takes. */
export async function seconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
