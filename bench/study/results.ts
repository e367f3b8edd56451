import type { Dataset } from 'lethe';
import { type ComputeFlags, describeMachine, type Machine } from '../support/command-line.js';
import type { BenchData } from '../support/data.js';
import { type Summary, summarize } from '../support/statistics.js';
import type { Figures } from './figures.js';
import type { PeerFigures } from './pytorch-study.js';
import type { SettingName } from './settings.js';
import type { ModelFigures, ModelName, SeedFigures, SettingFigures, StudyModel } from './study.js';

export interface ModelSummary {
  /** Accuracies in percent. */
  readonly retain: Summary;
  readonly forget: Summary;
  readonly test: Summary;
  /** To M0 of the same seed: the sum over the tensors of the L2 norms of the differences. */
  readonly weightDistance: Summary;
  /** Everything the method does. */
  readonly seconds: Summary;
  /** The same by phase, e.g. `train`, or `fisher` and `scrub`. */
  readonly phases: Readonly<Record<string, Summary>>;
}

export type Tables<Name extends ModelName = ModelName> = Readonly<
  Record<SettingName, Readonly<Record<Name, ModelSummary>>>
>;

/** The contents of `bench-results/results.json`. */
export interface Results {
  readonly dataset: {
    readonly name: string;
    readonly trainRows: number;
    readonly testRows: number;
    readonly columns: number;
    readonly classes: number;
  };
  readonly environment: Machine & {
    readonly seeds: readonly number[];
    readonly startedAt: string;
    /** The whole bench. */
    readonly seconds: number;
    /** Peak resident memory of the process, 2^20 bytes. */
    readonly peakMemoryMiB: number;
  };
  readonly tables: Tables;
  /** Over all models: the engine's logits against ONNX Runtime's. */
  readonly onnx: {
    readonly runtime: string;
    readonly models: number;
    readonly rows: number;
    /** Share of the rows without a tie on which both predict the same class; 1 = all, 0 also if there is none. */
    readonly agreement: number;
    readonly maxAbsDiff: number;
  };
  /** Seconds of the methods at each point of the study's figures; not there with --no-figures. */
  readonly figures?: Figures;
  /** The same study in another framework on the same machine in the same run, where asked for. */
  readonly peers?: Readonly<
    Record<string, { readonly version: string; readonly tables: Tables<StudyModel> }>
  >;
}

export function summarizeTables<Name extends ModelName>(
  seeds: readonly SettingFigures<Name>[],
): Tables<Name> {
  const model = (figures: readonly ModelFigures[]): ModelSummary => {
    const column = (pick: (figures: ModelFigures) => number) => summarize(figures.map(pick));
    // A recipe may go other ways with other seeds.
    const phases = new Set(figures.flatMap(({ seconds }) => Object.keys(seconds)));
    phases.delete('total');
    return {
      retain: column((f) => f.retain),
      forget: column((f) => f.forget),
      test: column((f) => f.test),
      weightDistance: column((f) => f.weightDistance),
      seconds: column((f) => f.seconds.total!),
      phases: Object.fromEntries(
        [...phases].map((phase) => [phase, column((f) => f.seconds[phase] ?? 0)]),
      ),
    };
  };
  const table = (setting: SettingName) => {
    const names = Object.keys(seeds[0]![setting]) as Name[];
    const rows = names.map((name) => [name, model(seeds.map((seed) => seed[setting][name]))]);
    return Object.fromEntries(rows) as Record<Name, ModelSummary>;
  };
  return { zipf: table('zipf'), exclusive: table('exclusive') };
}

/** What the bench has measured. */
export interface Measurements {
  readonly seeds: readonly SeedFigures[];
  readonly peers: readonly PeerFigures[];
  readonly figures?: Figures;
}

export function makeResults(
  data: BenchData,
  { seeds, peers, figures }: Measurements,
  run: ComputeFlags & { readonly startedAt: Date },
): Results {
  const verifications = seeds.flatMap((seed) => seed.verifications);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const compared = sum(verifications.map((v) => v.compared));
  const agreed = sum(verifications.map((v) => (v.agreement ?? 0) * v.compared));
  return {
    dataset: describe(data.train, data.test),
    environment: {
      ...describeMachine(run),
      seeds: seeds.map((seed) => seed.seed),
      startedAt: run.startedAt.toISOString(),
      seconds: (Date.now() - run.startedAt.getTime()) / 1000,
      peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
    },
    tables: summarizeTables(seeds.map((seed) => seed.settings)),
    onnx: {
      runtime: verifications[0]!.runtime,
      models: verifications.length,
      rows: sum(verifications.map((v) => v.rows)),
      agreement: compared === 0 ? 0 : agreed / compared,
      maxAbsDiff: Math.max(...verifications.map((v) => v.maxAbsDiff)),
    },
    ...(figures && { figures }),
    ...(peers.length > 0 && {
      peers: {
        [peers[0]!.name]: {
          version: peers[0]!.version,
          tables: summarizeTables(peers.map((peer) => peer.settings)),
        },
      },
    }),
  };
}

function describe(train: Dataset, test: Dataset): Results['dataset'] {
  return {
    name: `${train.name}, ${test.name}`,
    trainRows: train.rows,
    testRows: test.rows,
    columns: train.columns,
    classes: train.classes,
  };
}
