import { invalidModel, unsupportedModel } from '../model-error.js';
import {
  type AttributeProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  AttributeProto_AttributeType as Type,
} from './onnx_pb.js';

const STANDARD_DOMAINS = ['', 'ai.onnx'];

/** Whether this is the domain of ONNX's own operators. */
export function isStandardDomain(domain: string): boolean {
  return STANDARD_DOMAINS.includes(domain);
}

/** An operator of a graph, and the values of its attributes, checked for their types. */
export class OnnxNode {
  readonly proto: NodeProto;
  readonly #file: string;
  /** E.g. `Gemm`, or `ai.onnx.ml.Scaler`: with the domain where it is not ONNX's own. */
  readonly operator: string;
  /** The names of its inputs; '' where one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];

  /** @param file appears in error messages */
  constructor(proto: NodeProto, file: string) {
    const { domain, opType } = proto;
    this.proto = proto;
    this.#file = file;
    this.operator = isStandardDomain(domain) ? opType : `${domain}.${opType}`;
    this.inputs = proto.input;
    this.outputs = proto.output;
  }

  /** E.g. `Gemm "/fc1/Gemm"`; where it has no name, by that of its output. */
  toString(): string {
    return `${this.operator} "${this.proto.name || (this.outputs[0] ?? '')}"`;
  }

  integer(name: string, missing: number): number {
    return Number(this.#value(name, Type.INT, ({ i }) => i) ?? missing);
  }

  float(name: string, missing: number): number {
    return this.#value(name, Type.FLOAT, ({ f }) => f) ?? missing;
  }

  text(name: string, missing: string): string {
    const bytes = this.#value(name, Type.STRING, ({ s }) => s);
    return bytes ? Buffer.from(bytes).toString() : missing;
  }

  integers(name: string): readonly number[] | undefined {
    return this.#value(name, Type.INTS, ({ ints }) => ints)?.map(Number);
  }

  floats(name: string): readonly number[] | undefined {
    return this.#value(name, Type.FLOATS, ({ floats }) => floats);
  }

  texts(name: string): readonly string[] | undefined {
    const texts = this.#value(name, Type.STRINGS, ({ strings }) => strings);
    return texts?.map((bytes) => Buffer.from(bytes).toString());
  }

  tensor(name: string): TensorProto | undefined {
    return this.#value(name, Type.TENSOR, ({ t }) => t);
  }

  sparseTensor(name: string): SparseTensorProto | undefined {
    return this.#value(name, Type.SPARSE_TENSOR, ({ sparseTensor }) => sparseTensor);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  #find(name: string): AttributeProto | undefined {
    return this.proto.attribute.find((attribute) => attribute.name === name);
  }

  /** Refuses an attribute of the wrong type, whose value would be misread. */
  #value<T>(
    name: string,
    type: Type,
    read: (attribute: AttributeProto) => T | undefined,
  ): T | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const value = found.type === type && found.refAttrName === '' ? read(found) : undefined;
    if (value !== undefined) return value;
    throw invalidModel(this.#file, `the attribute ${name} of ${this} has no value of its type`);
  }

  /** An error that says why the engine cannot compute this operator. */
  unsupported(reason: string) {
    return unsupportedModel(this.#file, `the operator ${this} ${reason}`);
  }

  /** An error that says how this operator contradicts itself or its inputs. */
  invalid(reason: string) {
    return invalidModel(this.#file, `${this} ${reason}`);
  }
}
