import type { Dataset, LabelledPredictions, Model } from '../../index.js';

export async function predict(
  model: Model,
  dataset: Dataset,
  rows: Uint32Array,
): Promise<LabelledPredictions> {
  return {
    logits: await model.logits(dataset, rows),
    classes: model.classes,
    labels: rows.map((row) => dataset.labels[row]!),
  };
}
