import { type ComputeOptions, LetheError, type UnlearningResult } from 'lethe';
import { shareMachine, sideBySide } from 'lethe/jobs';
import { totalSeconds } from '../support/statistics.js';
import type { CatalogEntry } from './catalog.js';
import type { Deletion } from './deletions.js';
import type { Judge, Judgement } from './judge.js';
import type { Reference } from './reference.js';

/** One method on one deletion and seed. */
export interface MethodRun {
  readonly seed: number;
  readonly judgement: Judgement;
  /** Multiply-adds, in % of M0's. */
  readonly costPercent: number;
  readonly seconds: number;
  readonly secondsPercent: number;
}

export interface MethodRuns {
  readonly name: string;
  readonly isExact: boolean;
  /** One for each seed with which the method came to its end. */
  readonly runs: readonly MethodRun[];
  /** How many others diverged. */
  readonly diverged: number;
}

/** What a method made of a request. */
interface Attempt {
  readonly name: string;
  readonly reference: Reference;
  readonly result: UnlearningResult;
}

/** Every method with every seed, one by one; then all that they have made is judged, side by side. */
export async function runMethods(
  entries: readonly CatalogEntry[],
  references: readonly Reference[],
  {
    judge,
    kind,
    compute,
    stage,
  }: {
    readonly judge: Judge;
    readonly kind: Deletion['kind'];
    readonly compute: ComputeOptions;
    readonly stage: (text: string) => void;
  },
): Promise<MethodRuns[]> {
  const attempts: Attempt[] = [];
  for (const { name, run } of entries) {
    for (const reference of references) {
      const { seed, request } = reference;
      stage(`seed ${seed} · ${name}`);
      const result = await unlessDiverged(run(request, { seed, compute, kind }));
      if (result) attempts.push({ name, reference, result });
    }
  }
  const { atOnce } = shareMachine(compute, attempts.length);
  const judged = await sideBySide(attempts, atOnce, async (attempt) => {
    stage(`seed ${attempt.reference.seed} · judging ${attempt.name}`);
    return { name: attempt.name, run: await runOf(judge, attempt) };
  });
  return entries.map(({ name, isExact }) => {
    const runs = judged.flatMap((of) => (of.name === name ? [of.run] : []));
    return { name, isExact, runs, diverged: references.length - runs.length };
  });
}

async function unlessDiverged(
  run: Promise<UnlearningResult>,
): Promise<UnlearningResult | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof LetheError && error.code === 'ERR_DIVERGED') return undefined;
    throw error;
  }
}

async function runOf(
  judge: Judge,
  { reference: { seed, m0, seen }, result }: Attempt,
): Promise<MethodRun> {
  const seconds = totalSeconds(result.seconds);
  return {
    seed,
    judgement: await judge.judge(result.model, seen, seed),
    costPercent: (100 * result.multiplyAdds) / m0.multiplyAdds,
    seconds,
    secondsPercent: (100 * seconds) / totalSeconds(m0.seconds),
  };
}
