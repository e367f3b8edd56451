import { LetheError } from '../../base/errors.js';
import { listed } from '../../base/listed.js';
import { requireMemory } from '../../base/memory.js';
import { BIAS, WEIGHT } from '../../engine/model-tensors.js';
import type { SafetensorsFile, Tensor } from '../../engine/safetensors.js';
import type { LinearLayer } from '../linear-layers.js';
import { invalidModel, unsupportedModel } from '../model-error.js';
import { floatsOf } from './float-tensor.js';
import { fittingOrders, groupsByStem } from './layer-order.js';
import { resolveAliases } from './tensor-aliases.js';

/** Tensors by the ends of their names that belong to no linear layer, and what to do with these. */
const FOREIGN_TENSORS: readonly [name: RegExp, reason: string][] = [
  [
    /(^|[._])(lora_(a|b|down|up|mid|embedding|magnitude)|hada_w|lokr_w|ia3_l)/i,
    'belongs to an adapter (LoRA or the like), which only changes another model: merge the two with merge_and_unload() and save the result',
  ],
  [
    /(^|\.)(running_mean|running_var|num_batches_tracked)$/,
    'belongs to a batch normalization, of which a state dict has neither the place nor epsilon: export the model with torch.onnx.export',
  ],
  [
    /(^|\.)(qweight|qzeros|g_idx|scales|zero_point|SCB|weight_scale\w*|weight\.(absmax|quant_\w+|nested_\w+)\S*|_packed_params\S*)$/,
    'belongs to a quantized model: save it as float32 before it is quantized',
  ],
  [
    /(^|[./])(kernel|gamma|beta|moving_mean|moving_variance)(:0)?$/,
    "is one of Keras or Flax, whose weights are [inputs, outputs]: transpose them to [outputs, inputs] and name them <layer>.weight, or export the model with model.export(path, format='onnx')",
  ],
  [
    /\.(weight_[gv]|parametrizations\.\S+)$/,
    'belongs to a parametrization such as weight normalization: remove it with torch.nn.utils.parametrize.remove_parametrizations',
  ],
];

/** Memory for a layer's values as float32, in the file's bytes beside them, and in the model. */
const COPIES = 3;

/** The shape of a linear layer, and the tensors that hold its values. */
interface StoredLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

/**
 * The linear layers of a PyTorch state dict: `<layer>.weight` [outputs, inputs] and, if the layer
 * has biases, `<layer>.bias` [outputs], of types that float32 holds without loss. Tensors that
 * layers share are found by the file's metadata.
 *
 * The file does not contain the order of the layers. It is the one of the numbers in their names
 * where the names differ in numbers alone (`fc2` before `fc10`), else the only one that fits the
 * layers' shapes and their numbers.
 *
 * @param file appears in error messages
 * @param order the names of the layers, from first to last, if names and shapes do not tell it
 * @throws {LetheError} ERR_INVALID_MODEL, ERR_UNSUPPORTED_MODEL: names the tensor, or the orders
 * that fit. ERR_INVALID_ARGUMENT: `order` does not name each layer of the file once.
 * ERR_OUT_OF_MEMORY.
 */
export function parseStateDict(
  contents: SafetensorsFile,
  file: string,
  order?: readonly string[],
): LinearLayer[] {
  const tensors = resolveAliases(contents, file);
  const names = layerNames(tensors, file);
  if (order) checkOrder(order, names, file);
  const layers = new Map(names.map((name) => [name, storedLayer(tensors, name, file)]));
  const sorted = order ?? orderOf([...layers.values()], file);
  const values = names.reduce((sum, name) => sum + valuesOf(layers.get(name)!), 0);
  requireMemory(file, COPIES * values * Float32Array.BYTES_PER_ELEMENT);
  return sorted.map((name) => linearLayer(layers.get(name)!, file));
}

function checkOrder(order: readonly string[], found: readonly string[], file: string): void {
  const known = new Set(found);
  const missing = order.find((name) => !known.has(name));
  if (missing !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file} has no layer ${missing}; it has ${listed(found)}`,
    );
  }
  if (new Set(order).size !== found.length || order.length !== found.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `layers must name each layer of ${file} once: ${listed(found)}`,
    );
  }
}

function orderOf(layers: readonly StoredLayer[], file: string): readonly string[] {
  const groups = groupsByStem(layers);
  const [told] = groups;
  if (groups.length === 1 && told!.every((layer, i) => i === 0 || fits(told![i - 1]!, layer))) {
    return told!.map(({ name }) => name);
  }
  const byNumbers = fittingOrders(groups);
  const [only] = byNumbers.orders;
  if (only && byNumbers.orders.length === 1 && byNumbers.complete) return only;
  const problem =
    groups.length === 1
      ? `its layers in the order of their names (${listed(told!.map(({ name }) => name))}) do not fit each other`
      : 'neither names nor shapes of its layers tell their order';
  const fitting = only ? byNumbers : fittingOrders(layers.map((layer) => [layer]));
  throw unsupportedModel(
    file,
    `${problem}: give their order with the option \`layers\`; ${describeOrders(fitting)}`,
  );
}

function fits(layer: StoredLayer, next: StoredLayer): boolean {
  return layer.outputs === next.inputs;
}

function describeOrders({ orders, complete }: ReturnType<typeof fittingOrders>): string {
  if (orders.length === 0) return complete ? 'none fits their shapes' : 'there are too many to try';
  const fitting = orders.map((names) => `[${listed(names)}]`).join(', ');
  return `${orders.length === 1 ? 'it fits' : 'these fit'} as ${fitting}${complete ? '' : ', and in more orders'}`;
}

function layerNames(tensors: ReadonlyMap<string, Tensor>, file: string): string[] {
  for (const name of tensors.keys()) {
    const foreign = FOREIGN_TENSORS.find(([pattern]) => pattern.test(name));
    if (foreign) throw unsupportedModel(file, `the tensor ${name} ${foreign[1]}`);
  }
  const names: string[] = [];
  for (const name of tensors.keys()) {
    if (name.endsWith(WEIGHT)) {
      names.push(name.slice(0, -WEIGHT.length));
    } else if (!name.endsWith(BIAS) || !tensors.has(name.slice(0, -BIAS.length) + WEIGHT)) {
      throw unsupportedModel(
        file,
        `the tensor ${name} is neither the weights nor the biases of a linear layer`,
      );
    }
  }
  return names;
}

function storedLayer(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  file: string,
): StoredLayer {
  const weight = tensors.get(name + WEIGHT)!;
  const [outputs, inputs] = weight.shape;
  if (weight.shape.length !== 2 || !outputs || !inputs) {
    throw unsupportedModel(
      file,
      `the tensor ${name}${WEIGHT} of shape [${weight.shape}] is not a matrix: only linear layers can be imported`,
    );
  }
  const bias = tensors.get(name + BIAS);
  if (bias && bias.shape.join() !== `${outputs}`) {
    const advice =
      bias.shape.join() === `${inputs}`
        ? `: the weights seem to be [inputs, outputs], transpose them`
        : '';
    throw invalidModel(
      file,
      `the tensor ${name}${BIAS} has the shape [${bias.shape}] instead of [${outputs}]${advice}`,
    );
  }
  return { name, inputs, outputs, weight, bias };
}

function valuesOf({ inputs, outputs }: StoredLayer): number {
  return (inputs + 1) * outputs;
}

function linearLayer({ weight, bias, ...layer }: StoredLayer, file: string): LinearLayer {
  const { name, outputs } = layer;
  return {
    ...layer,
    weight: floatsOf(weight, name + WEIGHT, file),
    bias: bias ? floatsOf(bias, name + BIAS, file) : new Float32Array(outputs),
  };
}
