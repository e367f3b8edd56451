import { create, toBinary } from '@bufbuild/protobuf';
import { LetheError } from '../../base/errors.js';
import { version } from '../../base/version.js';
import type { AffineMap } from '../../engine/labelled-data.js';
import { finiteParameters } from '../exportable.js';
import { matrix, mixture, type OnnxPart, perceptron } from './export-nodes.js';
import { ModelProtoSchema } from './onnx_pb.js';

/**
 * The versions of ONNX 1.8 (2020): sufficient for all operators here, and old runtimes load them.
 */
const IR_VERSION = 7n;
const OPSET_VERSION = 13n;

/** A protobuf message of 2 GiB or more cannot be read. */
const MAX_BYTES = 2 ** 31 - 1;

/** The names by which a runtime addresses the exported graph. */
const INPUT = 'input';
const OUTPUT = 'logits';

/** The metadata of a file. */
interface OnnxFileFacts {
  /** The map from raw features to the graph's input; the graph itself does not apply it. */
  readonly affine?: AffineMap;
  /** The hash of the parameters, as Model.hash or Ensemble.hash returns it. */
  readonly hash: string;
  /** The data set that the model was trained on. */
  readonly datasetName?: string;
  /** Texts on what else the model knows, as encodeFacts writes them. */
  readonly knowledge?: Readonly<Record<string, string>>;
}

/** A multilayer perceptron. */
interface OnnxNetwork {
  /** Inputs, hidden layers, classes; at least two. */
  readonly widths: readonly number[];
  /** In the layout of Parameters. */
  readonly parameters: Float32Array;
}

/** A multilayer perceptron and the metadata of its file. */
type OnnxModel = OnnxNetwork & OnnxFileFacts;

interface OnnxEnsemble extends OnnxFileFacts {
  /** At least one, all with the same inputs and classes; the shares in the mean add up to 1. */
  readonly members: readonly (OnnxNetwork & { readonly share: number })[];
}

/**
 * Writes a model as an ONNX file.
 *
 * The graph alternates Gemm (transB = 1) and Relu and ends with a Gemm. Its input `input` [N,
 * features] holds float32 *normalized* features, its output `logits` is [N, classes]; N is dynamic.
 * The metadata are `lethe_version`, `parameter_hash` and, where given, `dataset`, `affine_scale`
 * and `affine_offset` (each the shortest decimal that reads back as the same float32), and as JSON
 * `class_names`, `feature_names` and `recipe`.
 *
 * @returns the bytes of the file
 * @throws {LetheError} ERR_INVALID_ARGUMENT: contradictory widths and parameters, a value that is
 * not finite, a file of 2 GiB or more.
 */
export function exportOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const parameters = finiteParameters(model);
  return file(model, model.widths, perceptron(parameters, { input: INPUT, output: OUTPUT }));
}

/**
 * Writes an ensemble as an ONNX file with all networks in one graph. Its `logits` are the logarithm
 * of the weighted mean of the networks' probabilities.
 *
 * @throws {LetheError} as exportOnnx
 */
export function exportOnnxEnsemble(ensemble: OnnxEnsemble): Uint8Array<ArrayBuffer> {
  const { members } = ensemble;
  const parameters = members.map(finiteParameters);
  const outputs = members.map((_, i) => `member${i}.logits`);
  const networks = parameters.map((member, i) =>
    perceptron(member, { input: INPUT, output: outputs[i]!, prefix: `member${i}.` }),
  );
  const shares = members.map(({ share }) => share);
  const parts = [...networks, mixture(outputs, shares, OUTPUT)];
  return file(ensemble, members[0]!.widths, {
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: parts.flatMap(({ initializers }) => initializers),
  });
}

function file(
  { affine, hash, datasetName, knowledge }: OnnxFileFacts,
  widths: readonly number[],
  { nodes, initializers }: OnnxPart,
): Uint8Array<ArrayBuffer> {
  const metadata = {
    lethe_version: version,
    parameter_hash: hash,
    ...(affine && {
      affine_scale: shortestFloat32(affine.scale),
      affine_offset: shortestFloat32(affine.offset),
    }),
    ...(datasetName !== undefined && { dataset: datasetName }),
    ...knowledge,
  };
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    producerName: 'lethe',
    producerVersion: version,
    graph: {
      name: 'lethe',
      node: [...nodes],
      initializer: [...initializers],
      input: [matrix(INPUT, widths.at(0)!)],
      output: [matrix(OUTPUT, widths.at(-1)!)],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  const bytes = toBinary(ModelProtoSchema, model);
  if (bytes.length > MAX_BYTES) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the model takes ${bytes.length} bytes, but an ONNX file holds at most ${MAX_BYTES}`,
    );
  }
  return bytes;
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
