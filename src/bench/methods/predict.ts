import type { Dataset, LabelledPredictions, Predictor, RunOptions } from '../../index.js';

export async function predict(
  model: Predictor,
  dataset: Dataset,
  rows: Uint32Array,
  options: RunOptions = {},
): Promise<LabelledPredictions> {
  return {
    logits: await model.logits(dataset, rows, options),
    classes: model.widths.at(-1)!,
    labels: rows.map((row) => dataset.labels[row]!),
  };
}
