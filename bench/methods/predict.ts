import type { ComputeOptions, Dataset } from 'lethe';
import type { Predictor } from 'lethe/engine';
import type { LabelledPredictions } from 'lethe/metrics';

export async function predict(
  model: Predictor,
  dataset: Dataset,
  rows: Uint32Array,
  compute: ComputeOptions,
): Promise<LabelledPredictions> {
  return {
    logits: await model.logits(dataset, rows, compute),
    classes: model.widths.at(-1)!,
    labels: rows.map((row) => dataset.labels[row]!),
  };
}
