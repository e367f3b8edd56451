import { requireInstance, requireInteger, requireObject } from '../base/arguments.js';
import type { Dataset, Rows } from './dataset.js';
import { Model } from './model.js';
import type { RunOptions } from './run.js';

/** What a layer gives for some rows, float32 [rows, units]. */
export interface Activations {
  readonly values: Float32Array;
  readonly units: number;
}

/**
 * What a hidden layer gives for the rows, after ReLU.
 *
 * @param layer 1 for the first hidden layer; default: the last one
 * @throws {LetheError} ERR_INVALID_ARGUMENT: the model has no such layer. As Model.logits.
 */
export async function hiddenActivations(
  model: Model,
  dataset: Dataset,
  rows: Rows,
  options: RunOptions & { readonly layer?: number } = {},
): Promise<Activations> {
  requireInstance('model', model, Model);
  const hidden = model.widths.length - 2;
  const { layer = hidden, ...run } = requireObject('options', options);
  requireInteger('layer', layer, 1, hidden);
  const widths = model.widths.slice(0, layer + 1);
  const size = widths.slice(1).reduce((sum, units, l) => sum + (widths[l]! + 1) * units, 0);
  const below = Model.fromParameters(widths, model.parameters().subarray(0, size));
  const values = await below.logits(dataset, rows, run);
  for (let i = 0; i < values.length; i++) values[i] = Math.max(0, values[i]!);
  return { values, units: widths.at(-1)! };
}
