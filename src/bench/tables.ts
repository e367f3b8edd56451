import Table from 'cli-table3';
import type { ModelSummary, Results, Tables } from './results.js';
import { type RecordedFigures, SETTINGS } from './settings.js';
import type { Summary } from './statistics.js';
import type { ModelName } from './study.js';

const ROWS: readonly [name: ModelName, title: string][] = [
  ['base', 'base, untouched'],
  ['M0', 'M0, retrained'],
  ['M2', 'M2, Fisher scrub'],
];

/** The study's two tables as text, with the recorded figures beside ours. */
export function renderTables(results: Results): string {
  const { environment, onnx, dataset } = results;
  const seeds = environment.seeds.length;
  return [
    `${dataset.name}: ${seeds} ${seeds === 1 ? 'seed' : 'seeds, mean ± sd'}; ` +
      `${environment.device}, ${environment.threads} threads, ${environment.cpu}`,
    ...Object.values(SETTINGS).map((setting) => {
      const table = new Table({
        head: ['', 'retain %', 'forget %', 'test %', 'weight distance', 'seconds', 'of these'],
        colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
        style: { head: [], border: [] },
      });
      addRows(table, 'Lethe', results.tables[setting.name]);
      for (const [name, peer] of Object.entries(results.peers ?? {})) {
        addRows(table, name, peer.tables[setting.name]);
      }
      for (const name of ['M0', 'M2'] as const) {
        table.push([`recorded: ${name}`, ...recordedCells(setting.recorded[name]), '']);
      }
      return `\n${setting.title}\n${table.toString()}`;
    }),
    "\nRecorded: the study's own single run on a Colab GPU. The weight distance is to M0.",
    `ONNX Runtime: ${onnx.models} models, ${onnx.rows} rows, agreement ${onnx.agreement}, ` +
      `largest difference of a logit ${onnx.maxAbsDiff.toExponential(1)} (${onnx.runtime})`,
  ].join('\n');
}

function addRows(table: Table.Table, who: string, figures: Tables[keyof Tables]): void {
  for (const [name, title] of ROWS) {
    const model = figures[name];
    const { retain, forget, test, weightDistance, seconds } = model;
    table.push([
      `${who}: ${title}`,
      ...[retain, forget, test, weightDistance].map((summary) => cell(summary, 2)),
      cell(seconds, 3),
      phases(model),
    ]);
  }
}

function cell({ mean, sd, runs }: Summary, digits: number): string {
  const value = mean.toFixed(digits);
  return runs.length > 1 ? `${value} ± ${sd.toFixed(digits)}` : value;
}

function phases(model: ModelSummary): string {
  const entries = Object.entries(model.phases);
  if (entries.length < 2) return '';
  return entries.map(([phase, { mean }]) => `${phase} ${mean.toFixed(3)}`).join(', ');
}

function recordedCells({ retain, forget, weightDistance, seconds }: RecordedFigures): string[] {
  return [retain.toFixed(2), forget.toFixed(2), '', weightDistance.toFixed(2), seconds.toFixed(2)];
}
