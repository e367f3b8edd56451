import type { Schedule } from '../engine/schedule.js';

/** The momentum of every run of one cycle. */
export const MOMENTUM = { momentum: 0.9, nesterov: true } as const;

/** The highest learning rate for a batch of 64 and inputs of mean variance 1. */
const RATE = 0.1;
const REFERENCE_BATCH = 64;
const WARM_UP = 0.1;
const START = 0.04;

/**
 * Rises for a tenth of the steps, then falls to 0; scales with the square root of the batch size.
 */
export function oneCycle(batchSize: number, rate = RATE): Schedule {
  const highest = rate * Math.sqrt(batchSize / REFERENCE_BATCH);
  return [
    [0, START * highest],
    [WARM_UP, highest],
    [1, 0],
  ];
}

/** The part of a schedule between two shares of its run, as the schedule of a separate run. */
export function partOf(schedule: Schedule, from: number, to: number): Schedule {
  const within = schedule.filter(([at]) => at > from && at < to);
  const knots = [[from, valueAt(schedule, from)], ...within, [to, valueAt(schedule, to)]] as const;
  return knots.map(([at, value]) => [(at - from) / (to - from), value]);
}

function valueAt(schedule: Schedule, share: number): number {
  const next = schedule.findIndex(([at]) => at >= share);
  const [at, value] = schedule[next]!;
  if (at === share) return value;
  const [lastAt, last] = schedule[next - 1]!;
  return last + ((value - last) * (share - lastAt)) / (at - lastAt);
}
