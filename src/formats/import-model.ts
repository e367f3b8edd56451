import {
  type KnownFields,
  requireArray,
  requireBoolean,
  requireInstance,
  requireKnownFields,
  requirePath,
  requireText,
} from '../base/arguments.js';
import { foreignKind, type OwnFormat } from '../base/file-kind.js';
import { readWholeFile } from '../base/files.js';
import { lazyModule } from '../base/lazy.js';
import type { AffineMap } from '../engine/labelled-data.js';
import { requireSeal } from '../engine/metadata-seal.js';
import { described, type Model } from '../engine/model.js';
import { decodeFacts, type ModelFacts, statesInputMap } from '../engine/model-facts.js';
import { decodeSafetensors, type SafetensorsFile } from '../engine/safetensors.js';
import { modelOfLayers } from './linear-layers.js';
import { invalidModel } from './model-error.js';
import type { ModelProto } from './onnx/onnx_pb.js';
import { isShardIndex, readShards } from './state-dict/shards.js';
import { parseStateDict } from './state-dict/state-dict.js';

const onnxGraph = lazyModule('the ONNX reader', () => import('./onnx/graph.js'));
const externalFiles = lazyModule(
  'the reader of external data',
  () => import('./onnx/external-files.js'),
);
const onnxImport = lazyModule('the ONNX import', () => import('./onnx/import.js'));
const encodingImport = lazyModule(
  'the import of encodings',
  () => import('./onnx/import-encoding.js'),
);
const importVerification = lazyModule(
  'the verification of imports',
  () => import('./onnx/verify-import.js'),
);

/** A model that was imported from a file. */
export interface ImportedModel {
  /** It knows the names of its classes, if an ONNX file has them, and what else a file from Lethe says. */
  readonly model: Model;
  /** The names of the linear layers in the file, from first to last. */
  readonly layers: readonly string[];
  /**
   * The file's map from raw features to the model's input, rounded to float32; use it for a data
   * set of bytes. Float32 features must be mapped before.
   */
  readonly affine?: AffineMap;
  /**
   * Whether the file has hashes of its parameters and of what it says of the model, which then are
   * theirs: files from Lethe have. Without them nobody knows whether it was altered.
   */
  readonly sealed: boolean;
}

export interface SafetensorsImportOptions {
  /**
   * The names of the layers, from first to last. Default: by the numbers in their names where the
   * names differ in nothing else, else the only order that fits their shapes; where there are
   * several, the file is refused and the message lists them.
   */
  readonly layers?: readonly string[];
}

export interface OnnxImportOptions {
  /**
   * The output to import, where a file has several networks; default: all outputs, which must be
   * of one.
   */
  readonly output?: string;
  /**
   * Whether the model is compared with the file in ONNX Runtime, on zeros and on random rows;
   * default true.
   */
  readonly verify?: boolean;
}

const ONNX_IMPORT_OPTIONS: KnownFields<OnnxImportOptions> = { output: true, verify: true };

/**
 * A multilayer perceptron from the bytes of an ONNX file, as exporters write it: linear layers with
 * ReLU between them, and what amounts to these. Stored numbers are folded, neighbouring affine
 * operators multiplied in double precision and rounded once. A normalization before the first layer
 * becomes `affine` if it treats every feature alike, else a part of that layer. Softmax and whatever
 * only names a class is left out, because the engine works with logits; a Sigmoid of a single logit z
 * becomes two classes with the logits 0 and z.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the unsupported operator or tensor.
 * ERR_INVALID_MODEL: not ONNX, contradictory, or parameters that do not match the file's hash of
 * them. ERR_VERIFICATION_FAILED: ONNX Runtime computes something else. ERR_RUNTIME: it cannot be
 * started, or does not run the file. ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export async function fromOnnx(
  bytes: Uint8Array,
  options: OnnxImportOptions = {},
): Promise<ImportedModel> {
  requireInstance('bytes', bytes, Uint8Array);
  const settings = checkOnnxOptions(options);
  const file = 'the ONNX file';
  refuseForeign(bytes, file, 'onnx');
  const { decodeOnnx } = await onnxGraph();
  return importOnnx(decodeOnnx(bytes, file), { file, files: new Map() }, settings);
}

/**
 * As fromOnnx, but reads a file, and with it those in its folder in which it keeps its weights.
 *
 * @throws {LetheError} as fromOnnx, and ERR_IO
 */
export async function loadOnnx(
  path: string,
  options: OnnxImportOptions = {},
): Promise<ImportedModel> {
  requirePath('path', path);
  const settings = checkOnnxOptions(options);
  const bytes = await readWholeFile(path);
  refuseForeign(bytes, path, 'onnx');
  const { decodeOnnx, externalLocations } = await onnxGraph();
  const { readExternalFiles } = await externalFiles();
  const proto = decodeOnnx(bytes, path);
  const files = await readExternalFiles(path, externalLocations(proto));
  return importOnnx(proto, { file: path, files }, settings);
}

/**
 * A multilayer perceptron from the bytes of a safetensors file, a PyTorch state dict of only linear
 * layers: `<layer>.weight` [outputs, inputs] and optionally `<layer>.bias` [outputs]. float16 and
 * bfloat16 become float32 without loss; float64 is refused where it would be rounded. Layers that
 * share tensors are found by the metadata that safetensors' `save_model` writes. The file does not
 * contain activations: ReLU between the layers and logits at the end are assumed.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the unsupported tensor, or the orders of the
 * layers that fit. ERR_INVALID_MODEL, ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export function fromSafetensors(
  bytes: Uint8Array,
  options: SafetensorsImportOptions = {},
): ImportedModel {
  requireInstance('bytes', bytes, Uint8Array);
  const order = orderIn(options);
  const file = 'the safetensors file';
  return importStateDict(decodeFile(bytes, file), file, order);
}

/**
 * As fromSafetensors, but reads a file, or by the path of an index (`model.safetensors.index.json`)
 * the shards that it names in its folder.
 *
 * @throws {LetheError} as fromSafetensors, and ERR_IO
 */
export async function loadSafetensors(
  path: string,
  options: SafetensorsImportOptions = {},
): Promise<ImportedModel> {
  const order = orderIn(options);
  const bytes = await readWholeFile(path);
  const contents = isShardIndex(bytes) ? await readShards(bytes, path) : decodeFile(bytes, path);
  return importStateDict(contents, path, order);
}

type OnnxSettings = ReturnType<typeof checkOnnxOptions>;

function checkOnnxOptions(options: OnnxImportOptions) {
  const { output, verify = true } = requireKnownFields('options', options, ONNX_IMPORT_OPTIONS);
  return {
    verify: requireBoolean('verify', verify),
    output: output === undefined ? undefined : requireText('output', output),
  };
}

async function importOnnx(
  proto: ModelProto,
  source: { readonly file: string; readonly files: ReadonlyMap<string, Uint8Array> },
  { output, verify }: OnnxSettings,
): Promise<ImportedModel> {
  const { file, files } = source;
  const { parseOnnx } = await onnxImport();
  const stated = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
  const isEncoded = isFromLethe(stated) && statesInputMap(stated);
  const perceptron = parseOnnx(proto, file, { output, files, isEncoded });
  const { layers, affine, metadata, classNames, graph } = perceptron;
  const network = modelOfLayers(file, layers);
  const map = affine ?? statedAffine(metadata);
  const model = imported(
    network,
    {
      ...statedFacts(network, stated, file),
      ...(map && { affine: map }),
      ...(classNames && { classNames }),
    },
    file,
  );
  const sealed = isSealed(model, stated, file);
  const { inputMap } = model;
  if (inputMap) {
    const { requireEncoding } = await encodingImport();
    await requireEncoding(inputMap, graph, { files, verify });
  }
  if (verify) {
    const { verifyImport } = await importVerification();
    await verifyImport(network, perceptron, files, inputMap);
  }
  const names = layers.map(({ name }) => name);
  return { model, layers: names, sealed, ...(map && { affine: map }) };
}

function imported(model: Model, facts: ModelFacts, file: string): Model {
  try {
    return described(model, facts);
  } catch (cause) {
    throw invalidModel(file, (cause as Error).message, cause);
  }
}

function decodeFile(bytes: Uint8Array, file: string): SafetensorsFile {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    refuseForeign(bytes, file, 'safetensors');
    throw invalidModel(file, (cause as Error).message, cause);
  }
}

/** Says of a file of a known other format what it is and what to do with it. */
function refuseForeign(bytes: Uint8Array, file: string, own: OwnFormat): void {
  const kind = foreignKind(bytes, own);
  if (kind !== undefined) throw invalidModel(file, `this is ${kind}`);
}

function orderIn(options: SafetensorsImportOptions): readonly string[] | undefined {
  const { layers } = requireKnownFields('options', options, { layers: true });
  return layers && requireArray('layers', layers).map((name) => requireText('a layer', name));
}

function importStateDict(
  contents: SafetensorsFile,
  file: string,
  order: readonly string[] | undefined,
): ImportedModel {
  const layers = parseStateDict(contents, file, order);
  const model = modelOfLayers(file, layers);
  const facts = statedFacts(model, contents.metadata, file);
  const known = described(model, facts);
  return {
    ...{ model: known, layers: layers.map(({ name }) => name) },
    sealed: isSealed(known, contents.metadata, file),
    ...(facts.affine && { affine: facts.affine }),
  };
}

/** Whether metadata say what Lethe means by them; other programs may mean something else. */
function isFromLethe(metadata: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(metadata, 'lethe_version');
}

/** Whether a file from Lethe has hashes. @throws {LetheError} ERR_INVALID_MODEL: they are of another */
function isSealed(model: Model, metadata: Readonly<Record<string, string>>, file: string): boolean {
  const { parameter_hash: hash } = metadata;
  if (hash !== undefined && hash !== model.hash()) {
    throw invalidModel(
      file,
      'the hash of its parameters is not the one in its metadata: it was altered, or, if it is a ' +
        'state dict, its layers are in another order, which the option layers gives',
    );
  }
  if (!isFromLethe(metadata)) return false;
  try {
    return requireSeal(metadata) && hash !== undefined;
  } catch (cause) {
    throw invalidModel(file, (cause as Error).message, cause);
  }
}

/** What a file from Lethe says of its model. */
function statedFacts(
  { widths }: Model,
  metadata: Readonly<Record<string, string>>,
  file: string,
): ModelFacts {
  if (!isFromLethe(metadata)) return {};
  try {
    return decodeFacts(widths, metadata);
  } catch (cause) {
    throw invalidModel(file, (cause as Error).message, cause);
  }
}

/** The map in the metadata of files from Lethe, whose graphs expect mapped features. */
function statedAffine(metadata: ReadonlyMap<string, string>): AffineMap | undefined {
  const [scale, offset] = ['affine_scale', 'affine_offset'].map((name) =>
    Math.fround(Number.parseFloat(metadata.get(name) ?? '')),
  ) as [number, number];
  return Number.isFinite(scale) && Number.isFinite(offset) ? { scale, offset } : undefined;
}
