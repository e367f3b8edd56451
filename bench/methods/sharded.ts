import { type ComputeOptions, Sisa, type SisaOptions } from 'lethe';
import { assignZipf } from 'lethe/datasets';
import type { Shard } from 'lethe/methods';
import { WIDTHS } from '../study/settings.js';
import type { BenchData } from '../support/data.js';
import { totalSeconds } from '../support/statistics.js';

/** Requests of owners to a Sisa, on one seed; accuracies on the test set, in percent. */
export interface ShardedRun {
  readonly seed: number;
  readonly test: number;
  /** After the top user has left, who is too large to share a shard. */
  readonly testAfterTop: number;
  /**
   * What a request is expected to cost, in % of M0's multiply-adds on all rows: if every user is as likely
   * to ask, and if users are as likely as they have rows. Of each shard what its training has cost,
   * which is a little more than training it without the user.
   */
  readonly uniformPercent: number;
  readonly byRowsPercent: number;
  /** What one user has really cost, and is expected to. */
  readonly measuredPercent: number;
  readonly measuredExpected: number;
  readonly measuredSeconds: number;
}

export interface ShardedFigures {
  readonly name: string;
  readonly runs: readonly ShardedRun[];
}

interface Variant extends Pick<SisaOptions, 'recipe' | 'shards'> {
  readonly name: string;
}

/** The goal is about the first one: the defaults. */
const VARIANTS: readonly Variant[] = [
  { name: '4 shards' },
  { name: '1 shard', shards: 1 },
  { name: "4 shards, M0's recipe", recipe: 'plain' },
];
/** Its shards are trained for as many epochs as M0, and together have all rows. */
const AS_DEAR_AS_M0 = 2;
const USERS = 100;
/** By the number of their rows. */
const TOP_USER = 0;
const MEASURED_USER = 9;

export async function measureSharded(
  { train, test }: BenchData,
  seeds: readonly number[],
  compute: ComputeOptions,
  onStage: (stage: string) => void,
): Promise<ShardedFigures[]> {
  const figures = VARIANTS.map(({ name }) => ({ name, runs: [] as ShardedRun[] }));
  const testOf = async ({ ensemble }: Sisa) =>
    (await ensemble.evaluate(test, test.allRows(), compute)).accuracy;
  for (const seed of seeds) {
    const { owners } = assignZipf({ rows: train.rows, users: USERS, seed });
    const trained: Sisa[] = [];
    for (const { name, ...options } of VARIANTS) {
      onStage(`sharded · seed ${seed} · ${name}`);
      trained.push(await Sisa.train(WIDTHS, train, { owners, seed, ...compute, ...options }));
    }
    const m0 = sum(trained[AS_DEAR_AS_M0]!.shards.map(({ checkpoints }) => workOf(checkpoints)));
    const percent = (work: number) => (100 * work) / m0;
    for (const [i, sisa] of trained.entries()) {
      onStage(`sharded · seed ${seed} · ${VARIANTS[i]!.name}, users leave`);
      const costs = costsOfOwners(sisa);
      const expected = [...costs.values()];
      const forget = (owner: number) => sisa.forget(train, { owners: [owner] }, compute);
      const [top, measured] = [await forget(TOP_USER), await forget(MEASURED_USER)];
      figures[i]!.runs.push({
        ...{ seed, test: await testOf(sisa), testAfterTop: await testOf(top.sisa) },
        uniformPercent: percent(sum(expected.map(({ work }) => work)) / expected.length),
        byRowsPercent: percent(sum(expected.map(({ work, rows }) => work * rows)) / train.rows),
        measuredPercent: percent(measured.multiplyAdds),
        measuredExpected: percent(costs.get(MEASURED_USER)!.work),
        measuredSeconds: totalSeconds(measured.seconds),
      });
    }
  }
  return figures;
}

/** By owner: the multiply-adds to train anew the shard that has learnt their rows, and how many these are. */
function costsOfOwners({ shards }: Sisa): Map<number, { rows: number; work: number }> {
  const costs = new Map<number, { rows: number; work: number }>();
  for (const { slices, checkpoints } of shards) {
    const owners = slices.flatMap((slice) => [...slice.owners]);
    // A shard of a single owner leaves with them.
    const work = new Set(owners).size > 1 ? workOf(checkpoints) : 0;
    for (const owner of owners) {
      costs.set(owner, { work, rows: (costs.get(owner)?.rows ?? 0) + 1 });
    }
  }
  return costs;
}

function workOf(checkpoints: Shard['checkpoints']): number {
  return sum(checkpoints.map(({ multiplyAdds }) => multiplyAdds));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
