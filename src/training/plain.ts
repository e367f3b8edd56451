import { trainingWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import { inPhase, type PhasedOptions } from '../engine/phases.js';
import type { RowSet } from '../engine/row-set.js';
import type { TrainingRun, TrainingWork } from './training-run.js';

/** The plain recipe's epochs and batch size, the defaults of Model.train. */
export const PLAIN_EPOCHS = 5;
const BATCH = 128;

interface PlainRun {
  readonly rows: RowSet;
  /** Seed of the row order. */
  readonly seed: number;
  /** May be fractional: rounded to whole steps, at least one. Default 5. */
  readonly epochs?: number;
}

/** Trains a model in place with the defaults of Model.train. */
export async function continuePlainly(
  model: Model,
  dataset: Dataset,
  { rows, seed, epochs = PLAIN_EPOCHS }: PlainRun,
  options: PhasedOptions,
): Promise<{ readonly steps: number; readonly multiplyAdds: number }> {
  const { steps, rows: visited } = await model.train(dataset, {
    ...inPhase('train', options),
    ...{ rows, seed, batchSize: BATCH, epochs: Math.ceil(epochs) },
    maxSteps: Math.max(1, Math.round(epochs * Math.ceil(rows.length / BATCH))),
  });
  return { steps, multiplyAdds: visited * trainingWork(model.widths) };
}

/** Trains a new model with the defaults of Model.train. */
export async function trainPlainly(
  { widths, dataset, rows, seed, watch }: TrainingRun,
  options: PhasedOptions,
): Promise<TrainingWork & { readonly model: Model }> {
  const model = Model.create(widths, { seed });
  const work = await continuePlainly(model, dataset, { rows, seed }, options);
  watch.lap('train');
  return { model, ...work, reasons: [`${PLAIN_EPOCHS} epochs of ${BATCH} rows a step`] };
}

/** The multiply-adds of the plain recipe. */
export function plainWork(widths: readonly number[], rows: number): number {
  return PLAIN_EPOCHS * rows * trainingWork(widths);
}
