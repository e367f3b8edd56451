import { hiddenActivations } from '../../engine/activations.js';
import { forwardWork } from '../../engine/cost.js';
import { Dataset, labelsOf } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { Parameters } from '../../engine/parameters.js';
import { inPhase, type PhasedOptions } from '../../engine/phases.js';
import type { RowSet } from '../../engine/row-set.js';
import { fallingFrom, runSgd } from './sgd.js';
import { clearClasses, FORGOTTEN_BIAS } from './whole-classes.js';

const EPOCHS = 30;
const BATCH = 128;
const RATE = 0.02;

interface Refitted {
  readonly model: Model;
  readonly multiplyAdds: number;
}

/**
 * Trains a new last layer: from weights of 0, on the activations below it for the rows, by SGD with
 * momentum 0.9. What the old one knew of the forgotten classes, and of telling others from them, is
 * lost.
 * Source: Goel et al., "Towards adversarial evaluations for inexact machine unlearning", 2022
 * (EU-k, of one layer).
 *
 * @param options.classes the forgotten classes
 */
export async function refitHead(
  model: Model,
  dataset: Dataset,
  rows: RowSet,
  options: PhasedOptions & { readonly seed: number; readonly classes: readonly number[] },
): Promise<Refitted> {
  const run = inPhase('head', options);
  const { values, units } = await hiddenActivations(model, dataset, rows, run);
  const features = new Dataset({
    name: `${dataset.name}, last hidden layer`,
    features: values,
    labels: rows.gather(labelsOf(dataset)),
    rows: rows.length,
    columns: units,
    classes: dataset.classes,
  });
  const widths = [units, model.classes];
  const initial = Parameters.zeros(widths);
  clearClasses(initial, options.classes, FORGOTTEN_BIAS);
  const head = Model.fromParameters(widths, initial.values);
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
  const parameters = new Parameters(model.widths, model.parameters());
  parameters.from(parameters.layers.length - 1).set(head.parameters());
  return {
    model: model.withParameters(parameters.values),
    multiplyAdds: multiplyAdds + rows.length * forwardWork(model.widths.slice(0, -1)),
  };
}
