import {
  type BenchFlags,
  benchCommand,
  computeFlags,
  describeMachine,
  parseNames,
} from '../support/command-line.js';
import { loadBenchData } from '../support/data.js';
import type { Progress } from '../support/progress.js';
import { runReportBench } from '../support/report-bench.js';
import type { Deletion } from './deletions.js';
import { goalsOf } from './goals.js';
import { measureMethods } from './measure.js';
import { measureOtherData } from './other-data.js';
import { renderMethodsPage } from './report.js';
import { selectMethods } from './selection.js';
import { measureSequence } from './sequence.js';
import { measureSharded } from './sharded.js';
import { type MethodsReport, renderMethods } from './tables.js';

/** The goals are about the first of each kind; nothing was tuned on the others. */
const DELETIONS: readonly Deletion[] = [
  { kind: 'class', label: 0 },
  { kind: 'user', rank: 0 },
  { kind: 'class', label: 4 },
  { kind: 'user', rank: 14 },
];

/** Recipes were tuned with 42 to 44, and looked at with 45 to 49. */
const SEEDS = [50, 51, 52, 53, 54];

interface Flags extends BenchFlags {
  readonly method: readonly string[];
  readonly only?: readonly string[];
}

function parseFlags(): Flags {
  return benchCommand(
    'bench:methods',
    'Judges every method of forgetting on deleted classes and users.',
    'one seed, two deletions, fewer retrains and 10 requests in a row',
  )
    .option(
      '--method <file>',
      "a module with methods of one's own, to judge too: its default export, or all named ones; may be repeated",
      (file: string, files: readonly string[]) => [...files, file],
      [],
    )
    .option(
      '--only <names>',
      'only these methods, e.g. kfac,lowRank, and retrain; nothing on other data, in a row or in shards',
      parseNames,
    )
    .parse()
    .opts<Flags>();
}

async function measure(flags: Flags, progress: Progress): Promise<MethodsReport> {
  const startedAt = performance.now();
  const { method: files, only } = flags;
  const entries = await selectMethods({ files, ...(only && { only }) });
  const { data } = await loadBenchData(flags, progress);
  const seeds = flags.quick ? SEEDS.slice(0, 1) : SEEDS;
  const compute = computeFlags(flags);
  const onStage = (stage: string) => progress.stage(stage);
  const deletions = await measureMethods({
    ...{ data, entries, seeds, compute },
    deletions: flags.quick ? DELETIONS.slice(0, 2) : DELETIONS,
    retrains: flags.quick ? { calibrating: 2, floor: 3 } : { calibrating: 5, floor: 10 },
    onStage,
  });
  const fewSeeds = seeds.slice(0, 3);
  const otherData = only ? [] : await measureOtherData(data, fewSeeds, compute, onStage);
  const sequence = only
    ? []
    : await measureSequence({
        ...{ data, seed: seeds[0]!, compute, onStage },
        ...(flags.quick ? { requests: 10, every: 5 } : { requests: 100, every: 10 }),
      });
  const sharded = only ? [] : await measureSharded(data, fewSeeds, compute, onStage);
  return {
    dataset: data.train.name,
    environment: {
      ...describeMachine(compute),
      ...{ seeds, seconds: (performance.now() - startedAt) / 1000 },
    },
    ...{ deletions, otherData, sequence, sharded },
    goals: goalsOf(deletions, otherData, sharded),
  };
}

await runReportBench({
  ...{ name: 'methods', parseFlags, measure },
  renderText: renderMethods,
  renderPage: renderMethodsPage,
});
