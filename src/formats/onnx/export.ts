import { create, toBinary } from '@bufbuild/protobuf';
import { LetheError } from '../../base/errors.js';
import { version } from '../../base/version.js';
import { type InputMap, inputMapJson } from '../../engine/encoding/input-map.js';
import type { AffineMap } from '../../engine/labelled-data.js';
import { withSeal } from '../../engine/metadata-seal.js';
import { finiteParameters } from '../exportable.js';
import { encoding } from './encoding-nodes.js';
import { matrix, mixture, type OnnxPart, perceptron } from './export-nodes.js';
import { ModelProtoSchema } from './onnx_pb.js';

/**
 * The versions of ONNX 1.8 (2020): sufficient for all operators here, and old runtimes load them.
 */
const IR_VERSION = 7n;
const OPSET_VERSION = 13n;

/** A protobuf message of 2 GiB or more cannot be read. */
const MAX_BYTES = 2 ** 31 - 1;

/** The network's inputs: the graph's own input, unless it makes them of raw values. */
export const INPUT = 'input';
/** The graph's input where it takes raw values. */
const RAW_INPUT = 'features';
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
  /** How it takes raw values, if it does; one that has been checked. */
  readonly inputMap?: InputMap | undefined;
}

/** A multilayer perceptron and the metadata of its file. */
type OnnxModel = OnnxNetwork & OnnxFileFacts;

interface OnnxEnsemble extends OnnxFileFacts {
  /**
   * At least one, all with the same classes and inputs, or, if they have maps, of as many columns;
   * the shares in the mean add up to 1.
   */
  readonly members: readonly (OnnxNetwork & { readonly share: number })[];
}

/**
 * Writes a model as an ONNX file.
 *
 * The graph alternates Gemm (transB = 1) and Relu and ends with a Gemm. Its input `input` [N,
 * features] holds float32 *normalized* features, its output `logits` is [N, classes]; N is dynamic.
 * With an input map the graph's input is `features` [N, columns], raw float32 values, NaN where one is
 * missing and the place of a category; the graph computes the tensor `input` of them.
 *
 * The metadata are `lethe_version`, `parameter_hash` and, where given, `dataset`, `affine_scale`
 * and `affine_offset` (each the shortest decimal that reads back as the same float32), and as JSON
 * `class_names`, `feature_names`, `input_map` and `recipe`.
 *
 * @returns the bytes of the file
 * @throws {LetheError} ERR_INVALID_ARGUMENT: contradictory widths and parameters, a value that is
 * not finite, a file of 2 GiB or more.
 */
export function exportOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const network = perceptron(finiteParameters(model), { input: INPUT, output: OUTPUT });
  const { parts } = encoded([model]);
  return file(model, [model], [...parts, network]);
}

/**
 * Writes an ensemble as an ONNX file with all networks in one graph. Its `logits` are the logarithm
 * of the weighted mean of the networks' probabilities. Each encodes raw values by its own map, if
 * these differ.
 *
 * @throws {LetheError} as exportOnnx; ERR_INVALID_ARGUMENT also if only some networks have input
 * maps, or these are of other numbers of columns
 */
export function exportOnnxEnsemble(ensemble: OnnxEnsemble): Uint8Array<ArrayBuffer> {
  const { members } = ensemble;
  const parameters = members.map(finiteParameters);
  const outputs = members.map((_, i) => `member${i}.logits`);
  const { names, parts } = encoded(members);
  const networks = parameters.map((member, i) =>
    perceptron(member, { input: names[i]!, output: outputs[i]!, prefix: `member${i}.` }),
  );
  const shares = members.map(({ share }) => share);
  const mean = mixture(outputs, shares, OUTPUT);
  return file(ensemble, members, [...parts, ...networks, mean]);
}

/** The names of each network's inputs, and what makes these of raw values. */
function encoded(networks: readonly OnnxNetwork[]) {
  const maps = networks.map(({ inputMap }) => inputMap);
  const [first] = maps;
  if (new Set(maps.map((map) => map && inputMapJson(map))).size === 1) {
    const parts = first ? [encoding(first, { input: RAW_INPUT, output: INPUT })] : [];
    return { names: networks.map(() => INPUT), parts };
  }
  const columns = new Set(maps.map((map) => map?.columns.length));
  if (columns.size > 1) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'the members of an ensemble must all take raw values of as many columns, or none of them',
    );
  }
  const names = networks.map((_, i) => `member${i}.${INPUT}`);
  const parts = maps.map((map, i) =>
    encoding(map!, { input: RAW_INPUT, output: names[i]!, prefix: `member${i}.` }),
  );
  return { names, parts };
}

function file(
  { affine, hash, datasetName, knowledge }: OnnxFileFacts,
  networks: readonly OnnxNetwork[],
  parts: readonly OnnxPart[],
): Uint8Array<ArrayBuffer> {
  const [{ widths, inputMap }] = networks as [OnnxNetwork];
  const metadata = withSeal({
    lethe_version: version,
    parameter_hash: hash,
    ...(affine && {
      affine_scale: shortestFloat32(affine.scale),
      affine_offset: shortestFloat32(affine.offset),
    }),
    ...(datasetName !== undefined && { dataset: datasetName }),
    ...knowledge,
  });
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    producerName: 'lethe',
    producerVersion: version,
    graph: {
      name: 'lethe',
      node: parts.flatMap(({ nodes }) => nodes),
      initializer: parts.flatMap(({ initializers }) => initializers),
      input: [inputMap ? matrix(RAW_INPUT, inputMap.columns.length) : matrix(INPUT, widths.at(0)!)],
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
