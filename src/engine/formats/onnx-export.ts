import { create, toBinary } from '@bufbuild/protobuf';
import type { AffineMap } from '../../data/labelled-data.js';
import { LetheError } from '../../errors.js';
import { version } from '../../version.js';
import { littleEndianBytes } from '../little-endian.js';
import { checkShape, layerShapes } from './model-shape.js';
import {
  AttributeProto_AttributeType,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

/** The versions of ONNX 1.8 (2020): Gemm and Relu need nothing newer, and old runtimes load them. */
const IR_VERSION = 7n;
const OPSET_VERSION = 13n;

/** A protobuf message of 2 GiB or more cannot be read. */
const MAX_BYTES = 2 ** 31 - 1;

/** The names by which a runtime addresses the exported graph. */
const INPUT = 'input';
const OUTPUT = 'logits';

/** A multilayer perceptron and what its file says about it. */
export interface OnnxModel {
  /** Inputs, hidden layers, classes; at least two. */
  readonly widths: readonly number[];
  /** For each layer its weights, row-major [outputs, inputs], then its biases [outputs]. */
  readonly parameters: Float32Array;
  /** The map from raw features to the graph's input; the graph itself does not apply it. */
  readonly affine: AffineMap;
  /** The hash of the parameters, as the engine states it. */
  readonly hash: string;
  /** The data set that the model was trained on. */
  readonly datasetName?: string;
}

/**
 * Writes a model as an ONNX file.
 *
 * The graph is Gemm (transB = 1) and Relu by turns and ends with a Gemm. Its input `input`
 * [N, features] holds float32 *normalized* features, its output `logits` is [N, classes]; N is
 * dynamic. The metadata are `lethe_version`, `parameter_hash`, `affine_scale` and `affine_offset`
 * (each the shortest decimal that reads back as the same float32) and, where given, `dataset`.
 *
 * @returns the bytes of the file
 * @throws {LetheError} ERR_INVALID_ARGUMENT: widths and parameters that do not fit each other, a value
 * that is not finite, a file of 2 GiB or more.
 */
export function exportOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  checkShape(model);
  const bytes = toBinary(ModelProtoSchema, modelProto(model));
  if (bytes.length > MAX_BYTES) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the model takes ${bytes.length} bytes, but an ONNX file holds at most ${MAX_BYTES}`,
    );
  }
  return bytes;
}

function modelProto(model: OnnxModel): ModelProto {
  const { widths, affine, hash, datasetName } = model;
  const metadata = {
    lethe_version: version,
    parameter_hash: hash,
    affine_scale: shortestFloat32(affine.scale),
    affine_offset: shortestFloat32(affine.offset),
    ...(datasetName !== undefined && { dataset: datasetName }),
  };
  return create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    producerName: 'lethe',
    producerVersion: version,
    graph: {
      name: 'lethe',
      node: nodes(widths),
      initializer: initializers(model),
      input: [matrix(INPUT, widths.at(0)!)],
      output: [matrix(OUTPUT, widths.at(-1)!)],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

function nodes(widths: readonly number[]): NodeProto[] {
  const last = widths.length - 2;
  return layerShapes(widths).flatMap((_, layer) => {
    const gemm = create(NodeProtoSchema, {
      name: `gemm${layer}`,
      opType: 'Gemm',
      input: [layer === 0 ? INPUT : `relu${layer - 1}`, weightName(layer), biasName(layer)],
      output: [layer === last ? OUTPUT : `gemm${layer}`],
      attribute: [{ name: 'transB', type: AttributeProto_AttributeType.INT, i: 1n }],
    });
    if (layer === last) return [gemm];
    const relu = create(NodeProtoSchema, {
      name: `relu${layer}`,
      opType: 'Relu',
      input: [`gemm${layer}`],
      output: [`relu${layer}`],
    });
    return [gemm, relu];
  });
}

function initializers({ widths, parameters }: OnnxModel): TensorProto[] {
  let offset = 0;
  const take = (name: string, ...dims: number[]): TensorProto => {
    const start = offset;
    offset += dims.reduce((product, dim) => product * dim);
    return tensor(name, dims, parameters.subarray(start, offset));
  };
  return layerShapes(widths).flatMap(([inputs, outputs], layer) => [
    take(weightName(layer), outputs, inputs),
    take(biasName(layer), outputs),
  ]);
}

function tensor(name: string, dims: number[], values: Float32Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: littleEndianBytes(values),
  });
}

/** A float32 value of shape [N, columns]. */
function matrix(name: string, columns: number): ValueInfoProto {
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

function weightName(layer: number): string {
  return `layers.${layer}.weight`;
}

function biasName(layer: number): string {
  return `layers.${layer}.bias`;
}

/** The shortest decimal that reads back as the same float32; nine digits always do. */
function shortestFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the affine map must be finite in float32, but holds ${value}`,
    );
  }
  for (let digits = 1; digits < 9; ++digits) {
    const decimal = Number(single.toPrecision(digits));
    if (Math.fround(decimal) === single) return String(decimal);
  }
  return String(Number(single.toPrecision(9)));
}
