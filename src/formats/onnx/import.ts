import { requireOneOf } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { AffineMap } from '../../engine/labelled-data.js';
import type { LinearLayer } from '../linear-layers.js';
import { invalidModel, unsupportedModel } from '../model-error.js';
import { asLinear, type LinearMap } from './affine-fold.js';
import type { ExternalFiles } from './constant.js';
import { OnnxEvaluator } from './evaluator.js';
import { INPUT } from './export.js';
import { OnnxGraph } from './graph.js';
import { type OnnxValue, type Probe, positiveClass } from './heads.js';
import type { ModelProto } from './onnx_pb.js';
import { isFloat, type RowsValue } from './rows.js';

/** A multilayer perceptron as an ONNX file describes it. */
export interface OnnxPerceptron {
  readonly layers: readonly LinearLayer[];
  /** The map from raw features to the first layer's input, if the graph has one. */
  readonly affine: AffineMap | undefined;
  /** The names of the classes, if the graph has them. */
  readonly classNames: readonly string[] | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: OnnxGraph;
  /** The rows of features as the graph maps them. */
  readonly logits: RowsValue;
  /** For two classes by a single logit z: the one whose probability is sigmoid(z). */
  readonly positive: 0 | 1 | undefined;
  /** Tensors that a runtime can be asked for, to compare them with the model; at least one. */
  readonly probes: readonly Probe[];
}

interface ParseOptions {
  /** The output to import, where they are of several networks. */
  readonly output?: string | undefined;
  /** The external files, by location. */
  readonly files?: ExternalFiles;
  /** Whether the network begins with the tensor that Lethe makes of raw values. */
  readonly isEncoded?: boolean;
}

/**
 * Reads a multilayer perceptron. The graph is followed from its input to the logits of each output;
 * stored numbers are folded, neighbouring affine operators multiplied in double precision and
 * rounded once. Softmax and whatever else only names a class is left out.
 *
 * @param file appears in error messages
 * @throws {LetheError} ERR_INVALID_MODEL: a contradictory file. ERR_UNSUPPORTED_MODEL: not such a
 * network; names the operator or tensor. ERR_INVALID_ARGUMENT: no such output. ERR_OUT_OF_MEMORY.
 */
export function parseOnnx(
  model: ModelProto,
  file: string,
  { output, files = new Map(), isEncoded = false }: ParseOptions = {},
): OnnxPerceptron {
  const graph = new OnnxGraph(model, file);
  if (isEncoded && !graph.sourceOf(INPUT)) {
    throw unsupportedModel(
      file,
      `its metadata hold an input map, but none of its operators makes the tensor \`${INPUT}\` by ` +
        'it: take the file as Lethe exported it',
    );
  }
  const evaluator = new OnnxEvaluator(graph, files, isEncoded ? INPUT : undefined);
  const { logits, positive, probes } = endOfNetwork(graph, evaluator, output);
  if (probes.length === 0) {
    throw unsupportedModel(
      file,
      'it tells nothing but the names of classes: export the scores too',
    );
  }
  const layers = layersOf(logits, file, evaluator).map((layer) => rounded(layer, evaluator));
  const [first, last] = [layers[0]!, layers.at(-1)!];
  const columns = graph.input.dims && logits.input.features?.scale.length;
  if (columns !== undefined && columns !== first.inputs) {
    throw invalidModel(file, `its input has ${columns} values a row, not ${first.inputs}`);
  }
  const whole = positive === undefined ? layers : layers.with(-1, asTwoClasses(last, positive));
  const classes = whole.at(-1)!.outputs;
  if (classes === 1) {
    throw unsupportedModel(
      file,
      'it has a single logit and no Sigmoid: a model of one class is always right; end it with a ' +
        'Sigmoid, which becomes two classes, or export one logit for each class. Regression is not ' +
        'supported',
    );
  }
  const { classNames } = evaluator;
  if (classNames && classNames.length !== classes) {
    throw invalidModel(file, `it names ${classNames.length} classes, but has ${classes}`);
  }
  return {
    ...{ layers: whole, affine: affineOf(logits, graph), classNames },
    ...{ metadata: graph.metadata, graph, logits, positive, probes },
  };
}

type NetworkEnd = Pick<OnnxPerceptron, 'logits' | 'positive' | 'probes'>;

/** The one network that all outputs are of, or the one of the output that is asked for. */
function endOfNetwork(
  graph: OnnxGraph,
  evaluator: OnnxEvaluator,
  output: string | undefined,
): NetworkEnd {
  const { file, outputs } = graph;
  if (output !== undefined) requireOneOf('output', output, outputs);
  const chosen = output === undefined ? outputs : [output];
  const ends = chosen.map((name) => valueOrChoice(name, chosen, evaluator, file));
  const [first] = ends as [NetworkEnd];
  if (ends.some(({ logits }) => !logits.isSameAs(first.logits))) {
    throw unsupportedModel(
      file,
      `its outputs ${outputs.join(', ')} are results of different layers: choose one output with ` +
        'the option `output`',
    );
  }
  const positives = new Set(ends.flatMap(({ positive }) => positive ?? []));
  if (positives.size > 1) {
    throw unsupportedModel(
      file,
      `its outputs ${outputs.join(', ')} do not agree which class is the first: choose one output ` +
        'with the option `output`',
    );
  }
  const probes = ends.flatMap((end) => end.probes);
  const named = new Map(probes.map((probe) => [probe.tensor, probe]));
  const [positive] = positives;
  return { logits: first.logits, positive, probes: [...named.values()] };
}

/** What an output is; where there are others, its error says how to choose one of them. */
function valueOrChoice(
  name: string,
  chosen: readonly string[],
  evaluator: OnnxEvaluator,
  file: string,
): NetworkEnd {
  try {
    return endOf(name, evaluator.valueOf(name), file);
  } catch (error) {
    const isOne = chosen.length === 1;
    if (isOne || !(error instanceof LetheError) || error.code !== 'ERR_UNSUPPORTED_MODEL') {
      throw error;
    }
    throw new LetheError(
      error.code,
      `${error.message}. This is for the output ${name} of ${chosen.join(', ')}: the option ` +
        '`output` chooses another one',
      { cause: error },
    );
  }
}

function endOf(tensor: string, value: OnnxValue, file: string): NetworkEnd {
  if (value.kind === 'rows') {
    return { logits: value, positive: undefined, probes: [{ tensor, head: { kind: 'logits' } }] };
  }
  if (value.kind === 'scores' || value.kind === 'names') {
    const { logits, head } = value;
    const own = value.kind === 'scores' ? [{ tensor, head }] : [];
    const positive = head.kind === 'sigmoid' ? positiveClass(head) : undefined;
    return { logits, positive, probes: [...value.probes, ...own] };
  }
  throw unsupportedModel(file, `its output ${tensor} does not depend on the features`);
}

function layersOf(logits: RowsValue, file: string, { budget }: OnnxEvaluator): LinearMap[] {
  const { step, layers } = logits;
  if (step?.kind === 'linear') return [...layers, step];
  if (layers.length === 0) throw unsupportedModel(file, 'it has no linear layer');
  if (!step) {
    throw unsupportedModel(file, 'it ends with a Relu: its output must be logits');
  }
  return [...layers, asLinear(step, 'the map at the end', budget)];
}

/** A layer as it is stored, in float32. */
function rounded(layer: LinearMap, { budget }: OnnxEvaluator): LinearLayer {
  const { name, inputs, outputs, weight, bias } = layer;
  // As layers, as one vector, and in native memory.
  budget.take(3 * Float32Array.BYTES_PER_ELEMENT * weight.length);
  return {
    ...{ name, inputs, outputs },
    ...{ weight: new Float32Array(weight), bias: new Float32Array(bias) },
  };
}

/** A layer with the single logit z as one with the logits 0 and z, whose softmax is (1 - p, p). */
function asTwoClasses({ name, inputs, weight, bias }: LinearLayer, positive: 0 | 1): LinearLayer {
  const two = { weight: new Float32Array(2 * inputs), bias: new Float32Array(2) };
  two.weight.set(weight, positive * inputs);
  two.bias.set(bias, positive);
  return { name, inputs, outputs: 2, ...two };
}

/** The map of the input that treats every feature alike; whole numbers always have one. */
function affineOf({ input }: RowsValue, graph: OnnxGraph): AffineMap | undefined {
  const affine = { scale: Math.fround(input.scale), offset: Math.fround(input.offset) };
  if (!Number.isFinite(affine.scale) || !Number.isFinite(affine.offset)) {
    throw invalidModel(graph.file, 'its normalization of the input is not finite');
  }
  return input.isMapped || !isFloat(graph.input.type) ? affine : undefined;
}
