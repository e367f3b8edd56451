import { fromBinary } from '@bufbuild/protobuf';
import { fromLittleEndian } from '../base/little-endian.js';
import { invalidModel, unsupportedModel } from './model-error.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from './onnx_pb.js';

/** Since opset 7, the operators of a perceptron broadcast and have their current meaning. */
const MIN_OPSET = 7n;

const STANDARD_DOMAINS = ['', 'ai.onnx'];

/**
 * An ONNX file as a graph of operators over one input. Constants, whether initializers or Constant
 * operators, are found by name. Files with parts that this view would miss are refused.
 */
export class OnnxGraph {
  readonly #file: string;
  readonly #constants = new Map<string, TensorProto>();
  readonly #readers = new Map<string, NodeProto[]>();
  readonly metadata: ReadonlyMap<string, string>;
  /** Operators other than Constant. */
  readonly operators: readonly NodeProto[];
  readonly input: string;
  readonly output: string;
  /** The values per row of the input; undefined if a dimension is not fixed. */
  readonly inputColumns: number | undefined;

  /**
   * @param file appears in error messages
   * @throws {LetheError} ERR_INVALID_MODEL, ERR_UNSUPPORTED_MODEL
   */
  constructor(bytes: Uint8Array, file: string) {
    this.#file = file;
    const model = decode(bytes, file);
    const graph = checkedGraph(model, file);
    this.metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
    for (const tensor of graph.initializer) this.#addConstant(tensor.name, tensor);
    this.operators = graph.node.filter((node) => !this.#isConstant(node));
    this.input = this.#onlyInput(graph);
    this.inputColumns = this.#columnsOf(graph, this.input);
    this.output = this.#onlyOutput(graph);
    this.#connect();
  }

  /** The operators that read a tensor. */
  readersOf(tensor: string): readonly NodeProto[] {
    return this.#readers.get(tensor) ?? [];
  }

  /** The value of an integer attribute; `missing` if there is none. */
  integerAttribute(node: NodeProto, name: string, missing: number): number {
    const found = findAttribute(node, name);
    const isInteger = found?.type === AttributeProto_AttributeType.INT;
    return this.#attributeValue(node, name, found, isInteger ? found.i : undefined) ?? missing;
  }

  /** The value of a float attribute; `missing` if there is none. */
  floatAttribute(node: NodeProto, name: string, missing: number): number {
    const found = findAttribute(node, name);
    const isFloat = found?.type === AttributeProto_AttributeType.FLOAT;
    return this.#attributeValue(node, name, found, isFloat ? found.f : undefined) ?? missing;
  }

  /** Refuses an attribute of the wrong type, whose value would be misread. */
  #attributeValue(
    node: NodeProto,
    name: string,
    found: AttributeProto | undefined,
    value: number | bigint | undefined,
  ): number | undefined {
    if (!found) return undefined;
    if (value === undefined || found.refAttrName !== '') {
      throw invalidModel(
        this.#file,
        `the attribute ${name} of ${describe(node)} has no value of its type`,
      );
    }
    return Number(value);
  }

  /** The size in bytes of a float32 constant. */
  floatBytes(name: string): number {
    const tensor = this.#constant(name);
    const bytes = Float32Array.BYTES_PER_ELEMENT;
    return bytes * this.#sizeOf(tensor, this.#dims(tensor), bytes, tensor.floatData.length);
  }

  /** The shape and the row-major values of a float32 constant. */
  floats(name: string): { dims: number[]; values: Float32Array } {
    const tensor = this.#constant(name);
    const dims = this.#dims(tensor);
    if (tensor.dataType !== TensorProto_DataType.FLOAT) {
      const type = TensorProto_DataType[tensor.dataType] ?? tensor.dataType;
      throw unsupportedModel(
        this.#file,
        `the tensor ${name} is of type ${type}: export it as float32`,
      );
    }
    const size = this.#sizeOf(tensor, dims, 4, tensor.floatData.length);
    const values = tensor.rawData
      ? fromLittleEndian(tensor.rawData)
      : Float32Array.from(tensor.floatData.slice(0, size));
    return { dims, values };
  }

  /** A constant list of int64, e.g. a shape. */
  integers(name: string): number[] {
    const tensor = this.#constant(name);
    if (tensor.dataType !== TensorProto_DataType.INT64) {
      throw invalidModel(this.#file, `the tensor ${name} is not of type INT64`);
    }
    this.#sizeOf(tensor, this.#dims(tensor), 8, tensor.int64Data.length);
    if (!tensor.rawData) return tensor.int64Data.map(Number);
    const view = Buffer.from(tensor.rawData);
    return Array.from({ length: view.length / 8 }, (_, i) => Number(view.readBigInt64LE(8 * i)));
  }

  #constant(name: string): TensorProto {
    const tensor = this.#constants.get(name);
    if (!tensor) {
      throw unsupportedModel(
        this.#file,
        `the tensor ${name} is computed or given at run time: it must be stored in the file`,
      );
    }
    if (
      tensor.dataLocation === TensorProto_DataLocation.EXTERNAL ||
      tensor.externalData.length > 0
    ) {
      throw unsupportedModel(
        this.#file,
        `the tensor ${name} lies in another file: save the model as one file`,
      );
    }
    if (tensor.segment) throw unsupportedModel(this.#file, `the tensor ${name} is in segments`);
    return tensor;
  }

  #dims(tensor: TensorProto): number[] {
    const dims = tensor.dims.map(Number);
    if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 1)) {
      throw invalidModel(this.#file, `the tensor ${tensor.name} has the shape [${dims}]`);
    }
    return dims;
  }

  /**
   * The number of values, after checking that the file holds them, before allocating any memory.
   */
  #sizeOf(tensor: TensorProto, dims: number[], bytes: number, listed: number): number {
    const expected = dims.reduce((product, dim) => product * dim, 1);
    const found = tensor.rawData ? tensor.rawData.length / bytes : listed;
    if (found !== expected) {
      throw invalidModel(
        this.#file,
        `the tensor ${tensor.name} of shape [${dims}] has ${found} values instead of ${expected}`,
      );
    }
    return expected;
  }

  #isConstant(node: NodeProto): boolean {
    if (node.opType !== 'Constant' || !STANDARD_DOMAINS.includes(node.domain)) return false;
    const value = node.attribute.find(({ name }) => name === 'value')?.t;
    const [output] = node.output;
    if (!value || output === undefined) {
      throw unsupportedModel(this.#file, `the constant ${describe(node)} is not a plain tensor`);
    }
    this.#addConstant(output, value);
    return true;
  }

  #addConstant(name: string, tensor: TensorProto): void {
    if (this.#constants.has(name)) {
      throw invalidModel(this.#file, `two constants have the name ${name}`);
    }
    this.#constants.set(name, tensor);
  }

  /** Refuses an empty name, which in ONNX means that a tensor is left out. */
  #named(name: string, what: string): string {
    if (name === '') throw invalidModel(this.#file, `its ${what} has no name`);
    return name;
  }

  #onlyInput(graph: GraphProto): string {
    // Files from before IR version 4 list the initializers among the inputs.
    const inputs = graph.input.filter(({ name }) => !this.#constants.has(name));
    if (inputs.length !== 1) {
      const names = inputs.map(({ name }) => name).join(', ');
      throw unsupportedModel(this.#file, `it must have one input, but has: ${names || 'none'}`);
    }
    return this.#named(inputs[0]!.name, 'input');
  }

  #onlyOutput(graph: GraphProto): string {
    if (graph.output.length !== 1) {
      const names = graph.output.map(({ name }) => name).join(', ');
      throw unsupportedModel(this.#file, `it must have one output, but has: ${names || 'none'}`);
    }
    return this.#named(graph.output[0]!.name, 'output');
  }

  #columnsOf(graph: GraphProto, input: string): number | undefined {
    const type = graph.input.find(({ name }) => name === input)?.type?.value;
    if (type?.case !== 'tensorType') return undefined;
    if (type.value.elemType !== TensorProto_DataType.FLOAT) {
      throw unsupportedModel(this.#file, `the input ${input} is not float32`);
    }
    const dims = type.value.shape?.dim.slice(1) ?? [];
    if (dims.length === 0 || dims.some(({ value }) => value.case !== 'dimValue')) return undefined;
    return dims.reduce((product, { value }) => product * Number(value.value), 1);
  }

  /** Finds the readers of each tensor; a tensor with two sources would be ambiguous. */
  #connect(): void {
    const given = new Set([this.input, ...this.#constants.keys()]);
    for (const node of this.operators) {
      for (const output of node.output.filter((name) => name !== '')) {
        if (given.has(output)) {
          throw invalidModel(this.#file, `the tensor ${output} has more than one source`);
        }
        given.add(output);
      }
      for (const input of new Set(node.input.filter((name) => name !== ''))) {
        const readers = this.#readers.get(input);
        if (readers) readers.push(node);
        else this.#readers.set(input, [node]);
      }
    }
  }
}

/** E.g. `Gemm "/fc1/Gemm"`. */
export function describe(node: NodeProto): string {
  const domain = STANDARD_DOMAINS.includes(node.domain) ? '' : `${node.domain}.`;
  return `${domain}${node.opType} "${node.name}"`;
}

function findAttribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((candidate) => candidate.name === name);
}

export function isStandard(node: NodeProto): boolean {
  return STANDARD_DOMAINS.includes(node.domain);
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw invalidModel(file, `it is not an ONNX file: ${(cause as Error).message}`, cause);
  }
}

function checkedGraph(model: ModelProto, file: string): GraphProto {
  const { graph } = model;
  if (!graph || model.opsetImport.length === 0) throw invalidModel(file, 'it is not an ONNX model');
  const opset = model.opsetImport.find(({ domain }) => STANDARD_DOMAINS.includes(domain));
  if (!opset || opset.version < MIN_OPSET) {
    throw unsupportedModel(
      file,
      `its operator set is older than ${MIN_OPSET}: export it with a newer one`,
    );
  }
  if (model.functions.length > 0) throw unsupportedModel(file, 'it defines functions of its own');
  if (graph.sparseInitializer.length > 0) throw unsupportedModel(file, 'it has sparse tensors');
  if (graph.quantizationAnnotation.length > 0) throw unsupportedModel(file, 'it is quantized');
  return graph;
}
