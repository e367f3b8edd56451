import { requireInstance, requireObject } from '../arguments.js';
import { LetheError } from '../errors.js';
import { Dataset } from './dataset.js';
import { Model } from './model.js';
import type { RunOptions } from './pass.js';

/**
 * x -> W x + b on the inputs of a network, fixed before training: a projection (principal components, a
 * discrete cosine transform) or a standardization. A smaller network is trained on what it gives;
 * folded into the first layer, it leaves a model of the original inputs.
 */
export interface LinearMap {
  /** W, float32, row-major [outputs, inputs]. */
  readonly weights: Float32Array;
  /** b, float32 [outputs]; to centre, -W times the mean. */
  readonly bias: Float32Array;
}

/**
 * The data set with its rows mapped: float32 features, the same labels and classes.
 *
 * @param map from the network's inputs, which for bytes are those after the affine map
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_ABORTED, ERR_DIVERGED (a mapped value is not finite),
 * ERR_OUT_OF_MEMORY
 */
export async function mapDataset(
  dataset: Dataset,
  map: LinearMap,
  options: RunOptions = {},
): Promise<Dataset> {
  requireInstance('dataset', dataset, Dataset);
  const { outputs } = checkMap(map, dataset.columns);
  // A layer without ReLU is a linear map: the engine's, deterministic and on all cores.
  const layer = Model.fromParameters([dataset.columns, outputs], joined(map.weights, map.bias));
  return new Dataset({
    name: `${dataset.name}, mapped to ${outputs} features`,
    features: await layer.logits(dataset, dataset.allRows(), options),
    labels: dataset.labels,
    rows: dataset.rows,
    columns: outputs,
    classes: dataset.classes,
    affine: { scale: 1, offset: 0 },
  });
}

/**
 * The model of the original inputs: its first layer is W1 W, b1 + W1 b. Its logits are those of `model`
 * on mapped inputs up to rounding, not to the bit.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_BUSY, ERR_DIVERGED (a folded value is not finite)
 */
export async function foldLinearMap(model: Model, map: LinearMap): Promise<Model> {
  requireInstance('model', model, Model);
  const [components, hidden] = model.widths as [number, number];
  const { inputs, outputs } = checkMap(map);
  if (outputs !== components) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the map has ${outputs} outputs, but the model ${components} inputs`,
    );
  }
  const parameters = model.parameters();
  const first = new Dataset({
    name: "the first layer's weights",
    features: parameters.subarray(0, hidden * components),
    labels: new Uint32Array(hidden),
    rows: hidden,
    columns: components,
    classes: 1,
    affine: { scale: 1, offset: 0 },
  });
  // Row i of W1 times W and b, again as a layer: its weights are W^T and b.
  const columns = new Float32Array((inputs + 1) * components);
  for (let component = 0; component < components; component++) {
    for (let input = 0; input < inputs; input++) {
      columns[input * components + component] = map.weights[component * inputs + input]!;
    }
    columns[inputs * components + component] = map.bias[component]!;
  }
  const layer = Model.fromParameters(
    [components, inputs + 1],
    joined(columns, new Float32Array(inputs + 1)),
  );
  const products = await layer.logits(first, first.allRows());

  const rest = parameters.subarray(hidden * components);
  const folded = new Float32Array(hidden * inputs + rest.length);
  folded.set(rest, hidden * inputs);
  for (let unit = 0; unit < hidden; unit++) {
    const row = products.subarray(unit * (inputs + 1), (unit + 1) * (inputs + 1));
    folded.set(row.subarray(0, inputs), unit * inputs);
    folded[hidden * inputs + unit]! += row[inputs]!;
  }
  return Model.fromParameters([inputs, ...model.widths.slice(1)], folded);
}

function checkMap(map: LinearMap, expectedInputs?: number) {
  const { weights, bias } = requireObject('map', map);
  requireInstance('the weights of the map', weights, Float32Array);
  requireInstance('the bias of the map', bias, Float32Array);
  const outputs = bias.length;
  const inputs = expectedInputs ?? weights.length / outputs;
  if (outputs === 0 || !Number.isInteger(inputs) || weights.length !== inputs * outputs) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the map has ${outputs} outputs and ${weights.length} weights: these must be ` +
        `${expectedInputs === undefined ? 'a multiple' : `${inputs * outputs}, outputs x inputs`}`,
    );
  }
  return { inputs, outputs };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
