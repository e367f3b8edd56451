import { columnStatisticsWork } from '../engine/cost.js';
import { fitInputMap } from '../engine/encoding/fit-input-map.js';
import { inputRows } from '../engine/encoding/input-rows.js';
import type { TrainingRun } from './training-run.js';

/**
 * The run on the inputs of its rows: where columns are encoded, the encoding is fitted on these rows
 * alone, and `dataset.inputMap` is what it was fitted to.
 *
 * @throws {LetheError} as fitInputMap; ERR_OUT_OF_MEMORY
 */
export async function encodedRun<Run extends Pick<TrainingRun, 'dataset' | 'rows' | 'watch'>>(
  run: Run,
  threads?: number,
): Promise<Run> {
  const { dataset, rows, watch } = run;
  if (!dataset.encoding) return run;
  const inputMap = await fitInputMap(dataset, rows, threads);
  const inputs = await inputRows({ inputMap }, dataset, threads);
  watch.lap('encode');
  return { ...run, dataset: inputs };
}

/** The multiply-adds of encodedRun: statistics of the rows, and a value for each input. */
export function encodingWork({ dataset, rows }: Pick<TrainingRun, 'dataset' | 'rows'>): number {
  if (!dataset.encoding) return 0;
  return columnStatisticsWork(rows.length, dataset.columns) + dataset.rows * dataset.inputs;
}
