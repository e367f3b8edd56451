import Table from 'cli-table3';
import type { Summary } from '../support/statistics.js';
import type { ModelSummary, Results, Tables } from './results.js';
import { SETTINGS, type SettingName } from './settings.js';
import type { ModelName, StudyModel } from './study.js';

export const TABLE_HEAD = ['', 'retain %', 'forget %', 'test %', 'weight distance', 'seconds'];
/** The phases stand in a column of their own, the last one. */
export const PHASES_HEAD = 'of these';

/** A row of one of the study's tables as text. */
export interface TableRow {
  /** One for each column of the head. */
  readonly cells: readonly string[];
  /** What the seconds are made of, where it is more than one phase. */
  readonly phases: readonly string[];
  /** The study's own figures, not ours. */
  readonly isRecorded: boolean;
}

const MODELS: readonly [name: ModelName, title: string][] = [
  ['base', 'base, untouched'],
  ['M0', 'M0, retrained'],
  ['M2', 'M2, Fisher scrub'],
  ['exact', 'exact, exactRetrain'],
];

/** One of the study's tables: our figures, a peer's where there is one, and the recorded ones. */
export function tableRows({ tables, peers }: Results, setting: SettingName): TableRow[] {
  const measured: [who: string, models: Partial<Record<ModelName, ModelSummary>>][] = [
    ['Lethe', tables[setting]],
    ...Object.entries(peers ?? {}).map(
      ([name, peer]): [string, Tables<StudyModel>[SettingName]] => [name, peer.tables[setting]],
    ),
  ];
  const { recorded } = SETTINGS[setting];
  return [
    ...measured.flatMap(([who, models]) =>
      MODELS.flatMap(([name, title]) => {
        const model = models[name];
        if (!model) return [];
        const cells = [`${who}: ${title}`, ...measuredCells(model)];
        return [{ cells, phases: phasesOf(model), isRecorded: false }];
      }),
    ),
    ...(['M0', 'M2'] as const).map((name) => {
      const { retain, forget, weightDistance, seconds } = recorded[name];
      // The study states no test accuracy.
      const figures = [retain, forget, undefined, weightDistance, seconds];
      const cells = [`recorded: ${name}`, ...figures.map((value) => value?.toFixed(2) ?? '')];
      return { cells, phases: [], isRecorded: true };
    }),
  ];
}

/** The study's two tables as text, with the recorded figures beside ours. */
export function renderTables(results: Results): string {
  const { environment, onnx, dataset } = results;
  const seeds = environment.seeds.length;
  return [
    `${dataset.name}: ${seeds} ${seeds === 1 ? 'seed' : 'seeds, mean ± sd'}; ` +
      `${environment.device}, ${environment.threads} threads, ${environment.cpu}`,
    ...Object.values(SETTINGS).map(({ name, title }) => {
      const table = new Table({
        head: [...TABLE_HEAD, PHASES_HEAD],
        colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
        style: { head: [], border: [] },
      });
      for (const { cells, phases } of tableRows(results, name)) {
        table.push([...cells, phases.join(', ')]);
      }
      return `\n${title}\n${table.toString()}`;
    }),
    "\nRecorded: the study's own single run, on MNIST and a Colab GPU. The weight distance is to M0.",
    `ONNX Runtime: ${onnx.models} models, ${onnx.rows} rows, agreement ${onnx.agreement}, ` +
      `largest difference of a logit ${onnx.maxAbsDiff.toExponential(1)} (${onnx.runtime})`,
  ].join('\n');
}

function measuredCells({ retain, forget, test, weightDistance, seconds }: ModelSummary): string[] {
  return [
    ...[retain, forget, test, weightDistance].map((summary) => cell(summary, 2)),
    cell(seconds, 3),
  ];
}

function cell({ mean, sd, runs }: Summary, digits: number): string {
  const value = mean.toFixed(digits);
  return runs.length > 1 ? `${value} ± ${sd.toFixed(digits)}` : value;
}

function phasesOf({ phases }: ModelSummary): string[] {
  const entries = Object.entries(phases);
  if (entries.length < 2) return [];
  return entries.map(([phase, { mean }]) => `${phase} ${mean.toFixed(3)}`);
}
