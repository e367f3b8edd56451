import {
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
} from '../base/arguments.js';
import type { Dataset } from './dataset.js';
import { described, Model } from './model.js';
import { Parameters } from './parameters.js';
import type { Rows } from './row-set.js';
import { RUN_OPTIONS, type RunOptions } from './run.js';

/** The outputs of a layer for some rows: `values` is float32 [rows, units]. */
export interface Activations {
  readonly values: Float32Array;
  readonly units: number;
}

export interface ActivationOptions extends RunOptions {
  /** 1 for the first hidden layer; default: the last one. */
  readonly layer?: number;
}

const OPTIONS: KnownFields<ActivationOptions> = { ...RUN_OPTIONS, layer: true };

/**
 * The outputs of a hidden layer for the rows, after ReLU.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: the model has no such layer; otherwise as Model.logits
 */
export async function hiddenActivations(
  model: Model,
  dataset: Dataset,
  rows: Rows,
  options: ActivationOptions = {},
): Promise<Activations> {
  requireInstance('model', model, Model);
  const hidden = model.widths.length - 2;
  const { layer = hidden, ...run } = requireKnownFields('options', options, OPTIONS);
  requireInteger('layer', layer, 1, hidden);
  const widths = model.widths.slice(0, layer + 1);
  const parameters = new Parameters(model.widths, model.parameters());
  const { inputMap } = model;
  const below = described(Model.fromParameters(widths, parameters.below(layer)), { inputMap });
  const values = await below.logits(dataset, rows, run);
  for (let i = 0; i < values.length; i++) values[i] = Math.max(0, values[i]!);
  return { values, units: widths.at(-1)! };
}
