import { setImmediate, setTimeout } from 'node:timers/promises';
import { exactRetrain, Model } from 'lethe';
import { WIDTHS } from '../study/settings.js';
import { percentile } from '../support/timing.js';
import type { Bench } from './bench.js';

/**
 * How long a request waits for the prediction of one row, on the thread that also awaits an update of
 * the model: milliseconds from when it has come to its answer, the 99th percentile.
 */
export interface Latency {
  readonly idleP99: number;
  /** While exactRetrain runs. */
  readonly updatingP99: number;
  readonly requests: number;
}

/** Requests come at fixed times: one that must wait does not hold up those behind it. */
const PERIOD_MILLISECONDS = 2;

/** Requests during updates, and during as much time without, in turns. */
export async function measureLatency(bench: Bench): Promise<Latency> {
  const { data, compute, effort, examples } = bench;
  const { train, test } = data;
  const model = Model.create(WIDTHS);
  const rows = train.allRows();
  const isForgotten = (row: number) => train.labels[row] === 0;
  const request = {
    model,
    dataset: train,
    forget: rows.filter((row) => isForgotten(row)),
    retain: rows.filter((row) => !isForgotten(row)),
  };
  let next = 0;
  const predict = () => model.predict(examples[next++ % examples.length]!, test.affine);
  predict();
  const [idle, updating]: number[][] = [[], []];
  for (let round = 0; round < effort.rounds; round++) {
    const start = performance.now();
    const update = exactRetrain(request, { seed: round, ...compute });
    updating!.push(...(await latenciesDuring(update, predict)));
    const pause = setTimeout(performance.now() - start);
    idle!.push(...(await latenciesDuring(pause, predict)));
  }
  return {
    idleP99: percentile(idle!, 99),
    updatingP99: percentile(updating!, 99),
    requests: updating!.length,
  };
}

async function latenciesDuring(work: Promise<unknown>, predict: () => unknown): Promise<number[]> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  const latencies: number[] = [];
  for (let due = performance.now(); !isOver; due += PERIOD_MILLISECONDS) {
    const wait = due - performance.now();
    await (wait > 0 ? setTimeout(wait) : setImmediate());
    predict();
    latencies.push(performance.now() - due);
  }
  await over;
  return latencies;
}
