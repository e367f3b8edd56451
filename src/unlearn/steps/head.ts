import { hiddenActivations } from '../../engine/activations.js';
import { forwardWork } from '../../engine/cost.js';
import { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { inPhase, type PhasedOptions } from '../../engine/phases.js';
import { clearClasses, FORGOTTEN_BIAS } from './class-rows.js';
import { fallingFrom, runSgd } from './sgd.js';

const EPOCHS = 30;
const BATCH = 128;
const RATE = 0.02;
export interface Refitted {
  readonly model: Model;
  readonly multiplyAdds: number;
}

/**
 * The last layer anew: from weights of 0, on what the layer below gives for the rows, SGD with
 * momentum 0.9. What it knew of the forgotten classes and how to tell others from them is gone.
 * Source: Goel et al., "Towards adversarial evaluations for inexact machine unlearning", 2022
 * (EU-k, of one layer).
 *
 * @param options.classes the forgotten ones
 */
export async function refitHead(
  model: Model,
  dataset: Dataset,
  rows: Uint32Array,
  options: PhasedOptions & { readonly seed: number; readonly classes: readonly number[] },
): Promise<Refitted> {
  const run = inPhase('head', options);
  const { values, units } = await hiddenActivations(model, dataset, rows, run);
  const features = new Dataset({
    name: `${dataset.name}, last hidden layer`,
    features: values,
    labels: rows.map((row) => dataset.labels[row]!),
    rows: rows.length,
    columns: units,
    classes: dataset.classes,
    affine: { scale: 1, offset: 0 },
  });
  const widths = [units, model.classes];
  const initial = new Float32Array((units + 1) * model.classes);
  clearClasses(initial, widths, options.classes, FORGOTTEN_BIAS);
  const head = Model.fromParameters(widths, initial);
  const { multiplyAdds } = await runSgd(
    head,
    features,
    { rows: features.allRows() },
    { target: 'label' },
    {
      ...options,
      ...{ phase: 'head', epochs: EPOCHS, batchSize: BATCH },
      ...{ learningRate: fallingFrom(RATE), momentum: 0.9 },
    },
  );
  const parameters = model.parameters();
  parameters.set(head.parameters(), parameters.length - initial.length);
  return {
    model: Model.fromParameters(model.widths, parameters),
    multiplyAdds: multiplyAdds + rows.length * forwardWork(model.widths.slice(0, -1)),
  };
}
