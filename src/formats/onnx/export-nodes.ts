import { create } from '@bufbuild/protobuf';
import { littleEndianBytes } from '../../base/little-endian.js';
import type { Parameters } from '../../engine/parameters.js';
import {
  AttributeProto_AttributeType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

/** A part of a graph: operators and the constants that they read. */
export interface OnnxPart {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

/**
 * Alternating Gemm (transB = 1) and Relu, ending with a Gemm; every name begins with the prefix.
 */
export function perceptron(
  parameters: Parameters,
  { input, output, prefix = '' }: { input: string; output: string; prefix?: string },
): OnnxPart {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const last = parameters.layers.length - 1;
  let from = input;
  parameters.layers.forEach(({ inputs, outputs }, layer) => {
    const weight = tensor(
      `${prefix}layers.${layer}.weight`,
      [outputs, inputs],
      parameters.weights(layer),
    );
    const bias = tensor(`${prefix}layers.${layer}.bias`, [outputs], parameters.biases(layer));
    initializers.push(weight, bias);
    const name = `${prefix}gemm${layer}`;
    const sum = layer === last ? output : name;
    const operands = [from, weight.name, bias.name];
    nodes.push(node('Gemm', operands, sum, { name, attributes: { transB: 1 } }));
    if (layer === last) return;
    from = `${prefix}relu${layer}`;
    nodes.push(node('Relu', [sum], from));
  });
  return { nodes, initializers };
}

/**
 * The logarithm of a weighted mean of distributions, each given by logits [N, classes]. The largest
 * term is subtracted before Exp and added after Log, so that Exp cannot overflow and not all terms
 * underflow.
 *
 * @param shares one for each of the logits, above 0, adding up to 1
 */
export function mixture(
  logits: readonly string[],
  shares: readonly number[],
  output: string,
): OnnxPart {
  const terms = logits.map((_, i) => `mixture.term${i}`);
  const powers = logits.map((_, i) => `mixture.power${i}`);
  return {
    initializers: shares.map((share, i) =>
      tensor(`mixture.share${i}`, [1], Float32Array.of(Math.log(share))),
    ),
    nodes: [
      ...terms.flatMap((term, i) => [
        node('LogSoftmax', [logits[i]!], `mixture.log${i}`, { attributes: { axis: 1 } }),
        node('Add', [`mixture.log${i}`, `mixture.share${i}`], term),
      ]),
      node('Max', terms, 'mixture.largest'),
      ...powers.flatMap((power, i) => [
        node('Sub', [terms[i]!, 'mixture.largest'], `mixture.scaled${i}`),
        node('Exp', [`mixture.scaled${i}`], power),
      ]),
      node('Sum', powers, 'mixture.sum'),
      node('Log', ['mixture.sum'], 'mixture.logSum'),
      node('Add', ['mixture.logSum', 'mixture.largest'], output),
    ],
  };
}

/**
 * An operator of ONNX's own.
 *
 * @param options.name default: the name of the output
 */
export function node(
  opType: string,
  input: readonly string[],
  output: string,
  options: { name?: string; attributes?: Readonly<Record<string, number>> } = {},
): NodeProto {
  const { name = output, attributes = {} } = options;
  return create(NodeProtoSchema, {
    ...{ name, opType, input: [...input], output: [output] },
    attribute: Object.entries(attributes).map(([attribute, value]) => ({
      ...{ name: attribute, type: AttributeProto_AttributeType.INT, i: BigInt(value) },
    })),
  });
}

/** @param dims none for a single number */
export function tensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: littleEndianBytes(values),
  });
}

/** A list of whole numbers, such as a shape or indices. */
export function integerTensor(name: string, values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    ...{ name, dataType: TensorProto_DataType.INT64, dims: [BigInt(values.length)] },
    int64Data: values.map(BigInt),
  });
}

/** A float32 value of shape [N, columns]. */
export function matrix(name: string, columns: number): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: {
            dim: [
              { value: { case: 'dimParam', value: 'N' } },
              { value: { case: 'dimValue', value: BigInt(columns) } },
            ],
          },
        },
      },
    },
  });
}
