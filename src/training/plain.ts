import { trainingWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import type { Model } from '../engine/model.js';
import { inPhase, type PhasedOptions } from '../engine/phases.js';
import type { RowSet } from '../engine/row-set.js';

/** How long the plain recipe trains, in batches of Model.train's default size. */
export const PLAIN_EPOCHS = 5;
const BATCH = 128;

export interface PlainRun {
  readonly rows: RowSet;
  /** Of the order of the rows. */
  readonly seed: number;
  /** Rounded to whole steps; default 5. */
  readonly epochs?: number;
}

/** Trains a model in place as Model.train does by default. */
export async function trainPlainly(
  model: Model,
  dataset: Dataset,
  { rows, seed, epochs = PLAIN_EPOCHS }: PlainRun,
  options: PhasedOptions,
): Promise<{ readonly steps: number; readonly multiplyAdds: number }> {
  const { steps, rows: visited } = await model.train(dataset, {
    ...inPhase('retrain', options),
    ...{ rows, seed, batchSize: BATCH, epochs: Math.ceil(epochs) },
    maxSteps: Math.max(1, Math.round(epochs * Math.ceil(rows.length / BATCH))),
  });
  return { steps, multiplyAdds: visited * trainingWork(model.widths) };
}
