import { fromBinary } from '@bufbuild/protobuf';
import { invalidModel, unsupportedModel } from '../model-error.js';
import { isExternal, locationOf } from './constant.js';
import { isStandardDomain, OnnxNode } from './node.js';
import {
  AttributeProto_AttributeType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  type TensorProto_DataType,
} from './onnx_pb.js';

/** Since opset 7, the operators of a perceptron broadcast and have their current meaning. */
const MIN_OPSET = 7n;

/** A graph's input: rows of features. */
interface OnnxInput {
  readonly name: string;
  readonly type: TensorProto_DataType;
  /** Its sizes, undefined where not fixed, the first one being that of the rows; if it has a shape. */
  readonly dims: readonly (number | undefined)[] | undefined;
}

/**
 * An ONNX file as a graph of operators over one input: every tensor by the operator, the
 * initializer or the input that it comes from. Files with parts that this view would miss are
 * refused.
 */
export class OnnxGraph {
  readonly file: string;
  readonly model: ModelProto;
  readonly metadata: ReadonlyMap<string, string>;
  /** The version of ONNX's own operators. */
  readonly opset: number;
  readonly input: OnnxInput;
  /** The names of its outputs, at least one. */
  readonly outputs: readonly string[];
  readonly initializers: ReadonlyMap<string, TensorProto>;
  readonly #nodes: readonly OnnxNode[];
  readonly #sources = new Map<string, OnnxNode>();

  /** @throws {LetheError} ERR_INVALID_MODEL, ERR_UNSUPPORTED_MODEL */
  constructor(model: ModelProto, file: string) {
    const { graph, opset } = checkedGraph(model, file);
    this.file = file;
    this.model = model;
    this.opset = opset;
    this.metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
    this.initializers = this.#byName(graph);
    this.#nodes = graph.node.map((node) => new OnnxNode(node, file));
    this.input = this.#onlyInput(graph);
    this.outputs = graph.output.map(({ name }) => this.#named(name, 'output'));
    if (this.outputs.length === 0) throw invalidModel(file, 'it has no output');
    this.#connect();
    this.#requireNothingBeside();
  }

  /** The operator that computes a tensor, if one does. */
  sourceOf(tensor: string): OnnxNode | undefined {
    return this.#sources.get(tensor);
  }

  /**
   * The operators that a tensor depends on, each after those whose results it reads.
   *
   * @param isKnown tensors whose sources are not needed any more
   * @throws {LetheError} ERR_INVALID_MODEL: a circle
   */
  order(tensor: string, isKnown: (tensor: string) => boolean = () => false): OnnxNode[] {
    const ordered: OnnxNode[] = [];
    const entered = new Set<OnnxNode>();
    const left = new Set<OnnxNode>();
    const first = this.#sources.get(tensor);
    // A stack of its own, because a chain may be longer than that of calls.
    const stack = first && !isKnown(tensor) ? [first] : [];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (entered.has(node)) {
        stack.pop();
        if (!left.has(node)) ordered.push(node);
        left.add(node);
        continue;
      }
      entered.add(node);
      for (const input of node.inputs) {
        const source = isKnown(input) ? undefined : this.#sources.get(input);
        if (!source || left.has(source)) continue;
        if (entered.has(source)) throw source.invalid('depends on its own result');
        stack.push(source);
      }
    }
    return ordered;
  }

  #byName({ initializer }: GraphProto): Map<string, TensorProto> {
    const initializers = new Map<string, TensorProto>();
    for (const tensor of initializer) {
      if (initializers.has(tensor.name)) {
        throw invalidModel(this.file, `two constants have the name ${tensor.name}`);
      }
      initializers.set(tensor.name, tensor);
    }
    return initializers;
  }

  /** Refuses an empty name, which in ONNX means that a tensor is left out. */
  #named(name: string, what: string): string {
    if (name === '') throw invalidModel(this.file, `its ${what} has no name`);
    return name;
  }

  #onlyInput(graph: GraphProto): OnnxInput {
    // Files from before IR version 4 list the initializers among the inputs.
    const inputs = graph.input.filter(({ name }) => !this.initializers.has(name));
    const [input] = inputs;
    if (!input || inputs.length > 1) {
      const names = inputs.map(({ name }) => name).join(', ');
      throw unsupportedModel(this.file, `it must have one input, but has: ${names || 'none'}`);
    }
    const name = this.#named(input.name, 'input');
    const type = input.type?.value;
    if (type?.case !== 'tensorType') {
      throw unsupportedModel(this.file, `the input ${name} is no tensor: give rows of features`);
    }
    const dims = type.value.shape?.dim.map(({ value }) =>
      value.case === 'dimValue' && value.value > 0n ? Number(value.value) : undefined,
    );
    if (dims && dims.length < 2) {
      throw unsupportedModel(
        this.file,
        `the input ${name} must be rows of features, of shape [N, features], but has ` +
          `${dims.length === 0 ? 'no axis' : 'one axis'}`,
      );
    }
    return { name, type: type.value.elemType, dims };
  }

  /** Finds the source of each tensor; one with two sources would be ambiguous. */
  #connect(): void {
    const given = new Set([this.input.name, ...this.initializers.keys()]);
    for (const node of this.#nodes) {
      const outputs = node.outputs.filter((name) => name !== '');
      if (outputs.length === 0) {
        throw node.unsupported('must have exactly one output, with a name');
      }
      for (const output of outputs) {
        if (given.has(output)) {
          throw invalidModel(this.file, `the tensor ${output} has more than one source`);
        }
        given.add(output);
        this.#sources.set(output, node);
      }
    }
    for (const output of this.outputs) {
      if (!given.has(output)) {
        throw invalidModel(
          this.file,
          `its output ${output} is computed by no operator, and nothing reads the result of the last`,
        );
      }
    }
  }

  /** Refuses operators that no output needs: whoever wrote them meant something by them. */
  #requireNothingBeside(): void {
    const needed = new Set<string>();
    for (const output of this.outputs) {
      for (const node of this.order(output, (tensor) => needed.has(tensor))) {
        for (const name of node.outputs) needed.add(name);
      }
    }
    const stray = this.#nodes.find(
      (node) => node.operator !== 'Constant' && !node.outputs.some((name) => needed.has(name)),
    );
    if (stray) {
      throw stray.unsupported('is beside the way from the input to the outputs: remove it');
    }
  }
}

/** Parses an ONNX file. @throws {LetheError} ERR_INVALID_MODEL */
export function decodeOnnx(bytes: Uint8Array, file: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw invalidModel(file, `it is not an ONNX file: ${(cause as Error).message}`, cause);
  }
}

/** The files beside the model's that hold the data of its tensors. */
export function externalLocations({ graph }: ModelProto): ReadonlySet<string> {
  const constants = graph?.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ type, t }) =>
      type === AttributeProto_AttributeType.TENSOR && t ? [t] : [],
    ),
  );
  const tensors = [...(graph?.initializer ?? []), ...(constants ?? [])];
  return new Set(tensors.filter(isExternal).map(locationOf));
}

function checkedGraph(model: ModelProto, file: string): { graph: GraphProto; opset: number } {
  const { graph } = model;
  if (!graph || model.opsetImport.length === 0) throw invalidModel(file, 'it is not an ONNX model');
  const opset = model.opsetImport.find(({ domain }) => isStandardDomain(domain));
  if (!opset || opset.version < MIN_OPSET) {
    throw unsupportedModel(
      file,
      `its operator set is older than ${MIN_OPSET}: export it with a newer one`,
    );
  }
  if (model.functions.length > 0) throw unsupportedModel(file, 'it defines functions of its own');
  if (graph.sparseInitializer.length > 0) throw unsupportedModel(file, 'it has sparse tensors');
  if (graph.quantizationAnnotation.length > 0) throw unsupportedModel(file, 'it is quantized');
  return { graph, opset: Number(opset.version) };
}
