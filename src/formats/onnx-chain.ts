import { requireMemory } from '../base/memory.js';
import type { AffineMap } from '../engine/labelled-data.js';
import { type LinearLayer, transpose } from './linear-layers.js';
import { invalidModel, unsupportedModel } from './model-error.js';
import type { NodeProto } from './onnx_pb.js';
import { describe, isStandard, type OnnxGraph } from './onnx-graph.js';

/** Copies of the weights: as layers, as one vector, and in native memory. */
const COPIES = 3;

/** The position in the perceptron after the last operator. */
type Stage = 'input' | 'product' | 'layer' | 'relu' | 'end';

/** Collects a perceptron's layers from its operators, which are appended in order. */
export class OnnxChain {
  readonly #graph: OnnxGraph;
  readonly #file: string;
  readonly #layers: LinearLayer[] = [];
  #stage: Stage = 'input';
  #bytes = 0;
  #scale = 1;
  #offset = 0;
  #isMapped = false;
  readonly #steps: ReadonlyMap<string, (node: NodeProto, tensor: string) => void> = new Map([
    ['Identity', () => {}],
    ['Flatten', (node) => this.#flatten(node)],
    ['Reshape', (node, tensor) => this.#reshape(node, tensor)],
    ['Sub', (node, tensor) => this.#map(node, tensor)],
    ['Mul', (node, tensor) => this.#map(node, tensor)],
    ['Div', (node, tensor) => this.#map(node, tensor)],
    ['Add', (node, tensor) => this.#add(node, tensor)],
    ['Gemm', (node, tensor) => this.#gemm(node, tensor)],
    ['MatMul', (node, tensor) => this.#matMul(node, tensor)],
    ['Relu', (node) => this.#relu(node)],
    ['Softmax', (node) => this.#softmax(node)],
    ['LogSoftmax', (node) => this.#softmax(node)],
  ] satisfies [string, (node: NodeProto, tensor: string) => void][]);

  constructor(graph: OnnxGraph, file: string) {
    this.#graph = graph;
    this.#file = file;
  }

  /** Appends the operator that reads `tensor`, the output of the previous one. */
  append(node: NodeProto, tensor: string): void {
    if (node.output.length !== 1 || node.output[0] === '') {
      throw this.#unsupported(node, 'must have exactly one output, with a name');
    }
    const step = isStandard(node) ? this.#steps.get(node.opType) : undefined;
    if (!step) {
      throw this.#unsupported(node, 'cannot be part of an imported multilayer perceptron');
    }
    step(node, tensor);
  }

  /** The layers, and the normalization before them if there is one. */
  finish(): { layers: readonly LinearLayer[]; affine: AffineMap | undefined } {
    if (this.#stage === 'relu') {
      throw unsupportedModel(this.#file, 'it ends with a Relu: its output must be logits');
    }
    const columns = this.#graph.inputColumns;
    const inputs = this.#layers[0]?.inputs;
    if (columns !== undefined && inputs !== undefined && columns !== inputs) {
      throw invalidModel(
        this.#file,
        `its input has ${columns} values a row, but its first layer takes ${inputs}`,
      );
    }
    const affine = { scale: Math.fround(this.#scale), offset: Math.fround(this.#offset) };
    if (!Number.isFinite(affine.scale) || !Number.isFinite(affine.offset)) {
      throw invalidModel(this.#file, 'its normalization of the input is not finite');
    }
    return { layers: this.#layers, affine: this.#isMapped ? affine : undefined };
  }

  #flatten(node: NodeProto): void {
    this.#require(node, ['input'], 'must come before the first layer');
    if (this.#graph.integerAttribute(node, 'axis', 1) !== 1) {
      throw this.#unsupported(node, 'must have axis 1, so that rows stay rows');
    }
  }

  #reshape(node: NodeProto, tensor: string): void {
    this.#require(node, ['input'], 'must come before the first layer');
    const shape = this.#graph.integers(this.#operand(node, tensor));
    const [, columns] = shape;
    const rowsStay = shape.length === 2 && (columns === -1 || columns === this.#graph.inputColumns);
    if (!rowsStay || node.input[0] !== tensor) {
      throw this.#unsupported(node, `to [${shape}] does not keep the rows`);
    }
  }

  /** One step of the normalization, applied to x = scale u + offset. */
  #map(node: NodeProto, tensor: string): void {
    this.#require(node, ['input'], 'must come before the first layer');
    const name = this.#operand(node, tensor);
    const value = this.#uniform(node, name);
    const isReversed = node.input[0] !== tensor;
    this.#isMapped = true;
    if (node.opType === 'Add') {
      this.#offset += value;
    } else if (node.opType === 'Sub') {
      const sign = isReversed ? -1 : 1;
      this.#scale *= sign;
      this.#offset = sign * (this.#offset - value);
    } else if (node.opType === 'Mul') {
      this.#scale *= value;
      this.#offset *= value;
    } else {
      if (isReversed) throw this.#unsupported(node, 'divides by the features');
      this.#scale /= value;
      this.#offset /= value;
    }
  }

  #gemm(node: NodeProto, tensor: string): void {
    this.#beginLayer(node);
    const [input, weight = '', bias = ''] = node.input;
    const isPlain =
      input === tensor &&
      this.#graph.floatAttribute(node, 'alpha', 1) === 1 &&
      this.#graph.floatAttribute(node, 'beta', 1) === 1 &&
      this.#graph.integerAttribute(node, 'transA', 0) === 0;
    if (!isPlain) throw this.#unsupported(node, 'must have alpha = beta = 1 and transA = 0');
    this.#addLayer(node, weight, this.#graph.integerAttribute(node, 'transB', 0) !== 0);
    if (bias !== '') this.#setBias(node, bias);
    this.#stage = 'layer';
  }

  #matMul(node: NodeProto, tensor: string): void {
    this.#beginLayer(node);
    if (node.input[0] !== tensor)
      throw this.#unsupported(node, 'must have its weights on the right');
    this.#addLayer(node, node.input[1] ?? '', false);
    this.#stage = 'product';
  }

  /** A bias after a product; otherwise a step of the normalization. */
  #add(node: NodeProto, tensor: string): void {
    if (this.#stage === 'product') {
      this.#setBias(node, this.#operand(node, tensor));
      this.#stage = 'layer';
    } else {
      this.#map(node, tensor);
    }
  }

  #relu(node: NodeProto): void {
    this.#require(node, ['product', 'layer'], 'must follow a linear layer');
    this.#stage = 'relu';
  }

  #softmax(node: NodeProto): void {
    this.#require(node, ['product', 'layer'], 'must follow the last linear layer');
    if (![1, -1].includes(this.#graph.integerAttribute(node, 'axis', -1))) {
      throw this.#unsupported(node, 'must go over the classes');
    }
    this.#stage = 'end';
  }

  #beginLayer(node: NodeProto): void {
    this.#require(
      node,
      ['input', 'relu'],
      'must follow a Relu, because two linear layers in a row are one',
    );
  }

  #addLayer(node: NodeProto, name: string, isTransposed: boolean): void {
    // Many layers may use the same stored tensor, so even a small file can be a huge model.
    this.#bytes += this.#graph.floatBytes(name);
    requireMemory(this.#file, COPIES * this.#bytes);
    const { dims, values } = this.#graph.floats(name);
    const [rows, columns] = dims;
    if (dims.length !== 2 || rows === undefined || columns === undefined) {
      throw this.#unsupported(node, `has the weights ${name} of shape [${dims}], not a matrix`);
    }
    this.#layers.push({
      name: describe(node),
      inputs: isTransposed ? columns : rows,
      outputs: isTransposed ? rows : columns,
      weight: isTransposed ? values : transpose(values, rows, columns),
      bias: new Float32Array(isTransposed ? rows : columns),
    });
  }

  #setBias(node: NodeProto, name: string): void {
    const { bias } = this.#layers.at(-1)!;
    const { dims, values } = this.#graph.floats(name);
    const isRow = dims.length < 2 || (dims.length === 2 && dims[0] === 1);
    if (!isRow || (values.length !== 1 && values.length !== bias.length)) {
      throw invalidModel(
        this.#file,
        `${describe(node)} has the bias ${name} of shape [${dims}] for ${bias.length} outputs`,
      );
    }
    if (values.length === 1) bias.fill(values[0]!);
    else bias.set(values);
  }

  /** The name of the operand other than `tensor`. */
  #operand(node: NodeProto, tensor: string): string {
    const other = node.input.filter((name) => name !== tensor);
    if (node.input.length !== 2 || other.length !== 1) {
      throw this.#unsupported(node, `must take ${tensor} and one constant`);
    }
    return other[0]!;
  }

  /** The value that all elements of a constant share: the engine maps all features equally. */
  #uniform(node: NodeProto, name: string): number {
    const { values } = this.#graph.floats(name);
    const [first] = values;
    if (first === undefined || values.some((value) => value !== first)) {
      throw this.#unsupported(
        node,
        `must treat every feature alike, but ${name} differs by feature`,
      );
    }
    return first;
  }

  #require(node: NodeProto, stages: readonly Stage[], otherwise: string): void {
    if (!stages.includes(this.#stage)) throw this.#unsupported(node, otherwise);
  }

  #unsupported(node: NodeProto, message: string) {
    return unsupportedModel(this.#file, `the operator ${describe(node)} ${message}`);
  }
}
