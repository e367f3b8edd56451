import type { ComputeOptions, Dataset, RowSet } from 'lethe';
import type { Predictor } from 'lethe/engine';
import type { LabelledPredictions } from 'lethe/metrics';

export async function predict(
  model: Predictor,
  dataset: Dataset,
  rows: RowSet,
  compute: ComputeOptions,
): Promise<LabelledPredictions> {
  return {
    logits: await model.logits(dataset, rows, compute),
    classes: model.widths.at(-1)!,
    labels: rows.gather(dataset.labels),
  };
}
