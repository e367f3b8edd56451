import { unsupportedModel } from '../model-error.js';
import {
  type Constant,
  type ExternalFiles,
  ImportBudget,
  MOST_AXES,
  readTensor,
} from './constant.js';
import { foldConstants } from './folding.js';
import type { OnnxGraph } from './graph.js';
import { type EndValue, endOf, namesAfter, type OnnxValue, scoresAfter } from './heads.js';
import { linearClassifierMap, type RowInputs } from './layers.js';
import type { OnnxNode } from './node.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';
import { applyToRows } from './row-operators.js';
import { RowsValue } from './rows.js';
import { foldShape, type ShapeValue, type Size } from './shapes.js';

/**
 * Computes what the tensors of a graph are as functions of its input, operator by operator: stored
 * numbers are folded, linear operators multiplied, and the end of the network is told from its logits.
 */
export class OnnxEvaluator {
  readonly budget: ImportBudget;
  readonly #graph: OnnxGraph;
  readonly #files: ExternalFiles;
  readonly #values = new Map<string, OnnxValue>();
  /** The names of the classes, where an operator has them. */
  classNames: readonly string[] | undefined;

  /** @param start the tensor to begin with, where it is not the graph's input: float32 rows */
  constructor(graph: OnnxGraph, files: ExternalFiles, start?: string) {
    this.#graph = graph;
    this.#files = files;
    this.budget = new ImportBudget(graph.file);
    const { name, type, dims } =
      start === undefined ? graph.input : { name: start, type: Type.FLOAT, dims: undefined };
    const features: readonly Size[] = dims?.slice(1) ?? [undefined];
    this.#values.set(name, new RowsValue(['rows', ...features], type));
  }

  /** @throws {LetheError} ERR_INVALID_MODEL, ERR_UNSUPPORTED_MODEL, ERR_OUT_OF_MEMORY */
  valueOf(tensor: string): OnnxValue {
    for (const node of this.#graph.order(tensor, (name) => this.#values.has(name))) {
      this.#evaluate(node);
    }
    return this.#read(tensor);
  }

  /** The number of rows, where the file fixes it. */
  get #fixedRows(): number | undefined {
    return this.#graph.input.dims?.[0];
  }

  #read(tensor: string): OnnxValue {
    const known = this.#values.get(tensor);
    if (known) return known;
    const stored = this.#graph.initializers.get(tensor);
    if (!stored) {
      throw unsupportedModel(
        this.#graph.file,
        `the tensor ${tensor} is computed or given at run time: it must be stored in the file`,
      );
    }
    const value = readTensor(stored, { ...this.#context, name: tensor });
    this.#values.set(tensor, value);
    return value;
  }

  get #context() {
    return { file: this.#graph.file, budget: this.budget, files: this.#files };
  }

  #evaluate(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.#read(name)));
    const results = this.#results(node, inputs);
    node.outputs.forEach((name, i) => {
      const value = results[i];
      if (name === '' || !value) return;
      if ('dims' in value && value.dims.length > MOST_AXES) {
        throw node.unsupported(`makes a tensor of ${value.dims.length} axes`);
      }
      this.#values.set(name, value);
    });
  }

  /** The outputs of an operator; whatever reads another one finds nothing there. */
  #results(node: OnnxNode, inputs: readonly (OnnxValue | undefined)[]): OnnxValue[] {
    const names = inputs.find((input) => input?.kind === 'names');
    if (names?.kind === 'names') {
      const result = namesAfter(node, names, inputs);
      this.#findClassNames(node, inputs);
      return node.outputs.map(() => result);
    }
    if (inputs.some((input) => input?.kind === 'scores')) {
      this.#findClassNames(node, inputs);
      const scores = scoresAfter(node, inputs, this.#fixedRows);
      return node.outputs.map(() => scores);
    }
    const at = inputs.findIndex((input) => input?.kind === 'rows');
    if (at >= 0) return this.#ofRows(node, inputs, at);
    if (inputs.some((input) => input?.kind === 'shape')) {
      return [foldShape(node, inputs as (ShapeValue | Constant | undefined)[])];
    }
    return [foldConstants(node, inputs as (Constant | undefined)[], this.#context)];
  }

  #ofRows(node: OnnxNode, inputs: readonly (OnnxValue | undefined)[], at: number): OnnxValue[] {
    const rows = inputs[at] as RowsValue;
    if (inputs.filter((input) => input?.kind === 'rows').length > 1) {
      throw node.unsupported('joins two results of the input: it must be one chain');
    }
    if (node.operator === 'Shape') return [shapeOf(node, rows.dims)];
    if (node.operator === 'ai.onnx.ml.LinearClassifier') return this.#classified(node, rows);
    const end = endOf(node, inputs, at, this.#graph.opset);
    if (end) {
      this.#findClassNames(node, inputs);
      return node.outputs.map(() => end);
    }
    const constants = inputs.map((input) => (input?.kind === 'constant' ? input : undefined));
    const shape = inputs.find((input) => input?.kind === 'shape' || input?.kind === 'constant');
    const given: RowInputs = { rows, at, constants };
    const context = { budget: this.budget, fixedRows: this.#fixedRows };
    return [applyToRows(node, given, shape as ShapeValue | Constant | undefined, context)];
  }

  /** The names and the scores of a LinearClassifier of ONNX-ML, which has its own weights. */
  #classified(node: OnnxNode, rows: RowsValue): OnnxValue[] {
    const map = linearClassifierMap(node);
    const { outputs, inputs, weight, bias } = map;
    this.#takeClassNames(
      node,
      node.texts('classlabels_strings') ?? node.integers('classlabels_ints')?.map(String),
    );
    const before = rows.withType(Type.FLOAT);
    const after = (step: typeof map) =>
      before.linear(node, step, ['rows', step.outputs], this.budget);
    const end = (logits: RowsValue, head: EndValue['head']): EndValue => ({
      ...{ kind: 'scores', logits, head, node, dims: ['rows', outputs] },
      probes: node.outputs[1] ? [{ tensor: node.outputs[1], head }] : [],
    });
    const ends = (scores: EndValue): OnnxValue[] => [{ ...scores, kind: 'names' }, scores];
    const transform = node.text('post_transform', 'NONE');
    if (outputs > 1 && transform === 'NONE') {
      const logits = after(map);
      return [{ ...end(logits, { kind: 'logits' }), kind: 'names' }, logits];
    }
    if (outputs > 1 && transform === 'SOFTMAX') return ends(end(after(map), { kind: 'softmax' }));
    const isOpposite =
      outputs === 2 &&
      bias[0] === -bias[1]! &&
      weight.subarray(0, inputs).every((value, i) => value === -weight[inputs + i]!);
    if (transform === 'LOGISTIC' && isOpposite) {
      const second = { ...map, outputs: 1, weight: weight.slice(inputs), bias: bias.slice(1) };
      return ends(end(after(second), { kind: 'sigmoid', columns: ['1 - p', 'p'] }));
    }
    throw node.unsupported(
      `has the post_transform ${transform} of ${outputs} rows of weights, which is no softmax`,
    );
  }

  #findClassNames(node: OnnxNode, inputs: readonly (OnnxValue | undefined)[]): void {
    if (node.operator === 'ai.onnx.ml.ZipMap') {
      const names = node.texts('classlabels_strings') ?? node.integers('classlabels_int64s');
      this.#takeClassNames(node, names?.map(String));
    }
    const [list] = inputs;
    const picks = ['ai.onnx.ml.ArrayFeatureExtractor', 'Gather'].includes(node.operator);
    if (picks && list?.kind === 'constant' && list.dims.length === 1) {
      this.#takeClassNames(node, list.texts ?? Array.from(list.values, String));
    }
  }

  #takeClassNames(node: OnnxNode, names: readonly string[] | undefined): void {
    if (!names) return;
    this.classNames ??= names;
    if (this.classNames.join('\n') === names.join('\n')) return;
    throw node.invalid('names the classes other than the operator before it');
  }
}

/** The sizes of axes start to end, which an operator Shape of opset 15 may select. */
function shapeOf(node: OnnxNode, dims: readonly Size[]): ShapeValue {
  const rank = dims.length;
  const sizes = dims.slice(node.integer('start', 0), node.integer('end', rank));
  return { kind: 'shape', sizes, isScalar: false };
}
