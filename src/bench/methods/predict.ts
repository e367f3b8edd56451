import type { Dataset, LabelledPredictions, Model, RunOptions } from '../../index.js';

export async function predict(
  model: Model,
  dataset: Dataset,
  rows: Uint32Array,
  options: RunOptions = {},
): Promise<LabelledPredictions> {
  return {
    logits: await model.logits(dataset, rows, options),
    classes: model.classes,
    labels: rows.map((row) => dataset.labels[row]!),
  };
}
