import { LetheError } from '../../base/errors.js';
import { indicesBelow } from '../../base/indices.js';
import { foldWork, mapWork, principalComponentsWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { foldLinearMap, type LinearMap, mapDataset } from '../../engine/linear-map.js';
import { Model } from '../../engine/model.js';
import { addScaled, concatenate, Parameters } from '../../engine/parameters.js';
import { columnStatistics, principalComponents } from '../../engine/principal-components.js';
import type { RowSet } from '../../engine/row-set.js';
import { type RunOptions, withoutProgress } from '../../engine/run.js';

/** A model whose first layer is a product of two low-rank layers. */
interface FactoredModel {
  /** From the inputs to the components, which are centred and have mean variance 1. */
  readonly map: LinearMap;
  /** The remaining layers: a model of the components. */
  readonly model: Model;
  readonly multiplyAdds: number;
}

/**
 * Reduces the first layer to the principal components of its outputs, before the ReLU, on a sample
 * of rows. Of all layers of that rank, this one is nearest to the original on the sample.
 * Source: Chen, Yu, Dhillon, Hsieh, "DRONE: Data-aware low-rank compression for large NLP models",
 * NeurIPS 2021.
 *
 * @param options.components the largest rank, in 1..118; smaller if the rows vary in fewer
 * directions
 * @throws {LetheError} ERR_INVALID_ARGUMENT: no hidden layer, or equal outputs for all rows
 */
export async function factorFirstLayer(
  original: Model,
  dataset: Dataset,
  sample: RowSet,
  options: RunOptions & { readonly components: number; readonly seed: number },
): Promise<FactoredModel> {
  const { components: most, seed } = options;
  // Nothing here takes long enough to report progress.
  const run = withoutProgress(options);
  const [inputs, hidden, ...above] = original.widths as [number, number, ...number[]];
  if (above.length === 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the model needs a hidden layer, but has the widths [${original.widths.join(', ')}]`,
    );
  }
  const { weights, bias, above: rest } = firstLayer(original);
  const outputs = await mapDataset(dataset, { weights, bias }, { ...run, rows: sample });
  const { means } = await columnStatistics(outputs, outputs.allRows());
  const { directions, variances } = await principalComponents(outputs, {
    ...{ rows: outputs.allRows(), columns: indicesBelow(hidden) },
    ...{ means, scales: new Float64Array(hidden).fill(1) },
    ...{ components: Math.min(most, hidden), seed, threads: options.threads },
  });
  const components = variances.length;
  if (components === 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'the first layer has the same outputs for all sampled retain rows: use fineTune instead',
    );
  }
  const deviation = Math.sqrt(variances.reduce((sum, value) => sum + value, 0) / components);
  // From the hidden units to the components, and back.
  const forth = new Float32Array((hidden + 1) * components);
  const back = new Float32Array(hidden * components);
  for (let component = 0; component < components; component++) {
    let shift = 0;
    for (let unit = 0; unit < hidden; unit++) {
      const direction = directions[component * hidden + unit]!;
      forth[component * hidden + unit] = direction / deviation;
      back[unit * components + component] = direction * deviation;
      shift -= (direction / deviation) * means[unit]!;
    }
    forth[hidden * components + component] = shift;
  }
  const folded = await foldLinearMap(
    Model.fromParameters([hidden, components], forth),
    { weights, bias },
    run,
  );
  const map = firstLayer(folded);
  return {
    map: { weights: map.weights, bias: map.bias },
    model: Model.fromParameters(
      [components, hidden, ...above],
      concatenate(back, Float32Array.from(means), rest),
    ),
    multiplyAdds:
      mapWork(sample.length, { weights }) +
      principalComponentsWork(sample.length, hidden, components) +
      foldWork(inputs, hidden, components),
  };
}

/**
 * Applies changes of a factored model to the original: adds the difference to the first layer,
 * whose part outside the components stays, and takes over the changed layers above.
 */
export async function withChanges(
  original: Model,
  factored: FactoredModel,
  changed: Model,
  options: RunOptions,
): Promise<Model> {
  const difference = new Parameters(changed.widths, changed.parameters());
  addScaled(
    difference.below(1),
    -1,
    new Parameters(changed.widths, factored.model.parameters()).below(1),
  );
  const folded = await foldLinearMap(
    Model.fromParameters(changed.widths, difference.values),
    factored.map,
    options,
  );
  const result = new Parameters(original.widths, folded.parameters());
  addScaled(result.below(1), 1, new Parameters(original.widths, original.parameters()).below(1));
  return Model.fromParameters(original.widths, result.values);
}

function firstLayer(model: Model) {
  const parameters = new Parameters(model.widths, model.parameters());
  return {
    weights: parameters.weights(0),
    bias: parameters.biases(0),
    above: parameters.from(1),
  };
}
