import type { ComputeOptions, Dataset, LabelledPredictions, Predictor } from '../../index.js';

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
