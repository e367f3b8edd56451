import {
  requireArray,
  requireInstance,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { foreignKind, type OwnFormat } from '../base/file-kind.js';
import { readWholeFile } from '../base/files.js';
import type { AffineMap } from '../engine/labelled-data.js';
import type { Model } from '../engine/model.js';
import { decodeSafetensors, type SafetensorsFile } from '../engine/safetensors.js';
import { modelOfLayers } from './linear-layers.js';
import { invalidModel } from './model-error.js';
import { isShardIndex, readShards } from './shards.js';
import { parseStateDict } from './state-dict.js';

/** A model that was imported from a file. */
export interface ImportedModel {
  readonly model: Model;
  /** The names of the linear layers in the file, from first to last. */
  readonly layers: readonly string[];
  /**
   * The file's map from raw features to the model's input, rounded to float32; use it for a data
   * set of bytes. Float32 features must be mapped before.
   */
  readonly affine?: AffineMap;
}

export interface SafetensorsImportOptions {
  /**
   * The names of the layers, from first to last. Default: by the numbers in their names where the
   * names differ in nothing else, else the only order that fits their shapes; where there are
   * several, the file is refused and the message lists them.
   */
  readonly layers?: readonly string[];
}

/**
 * A multilayer perceptron from the bytes of an ONNX file: Gemm, or MatMul and Add, with Relu
 * between the layers, and float32 weights stored in the file. A normalization before the first
 * layer becomes `affine`. A Softmax after the last layer is dropped, because the engine works with
 * logits.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the unsupported operator or tensor.
 * ERR_INVALID_MODEL: not ONNX, contradictory, or parameters that do not match the file's hash of
 * them. ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export async function fromOnnx(bytes: Uint8Array): Promise<ImportedModel> {
  return readOnnx(requireInstance('bytes', bytes, Uint8Array), 'the ONNX file');
}

/** As fromOnnx, but reads a file. @throws {LetheError} as fromOnnx, and ERR_IO */
export async function loadOnnx(path: string): Promise<ImportedModel> {
  return readOnnx(await readWholeFile(path), path);
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

async function readOnnx(bytes: Uint8Array, file: string): Promise<ImportedModel> {
  refuseForeign(bytes, file, 'onnx');
  const { parseOnnx } = await import('./onnx-import.js');
  const { layers, affine, metadata } = parseOnnx(bytes, file);
  const model = modelOfLayers(file, layers);
  const hash = metadata.get('parameter_hash');
  if (hash !== undefined && hash !== model.hash()) {
    throw invalidModel(file, 'the hash of its parameters is not the one in its metadata');
  }
  const map = affine ?? statedAffine(metadata);
  return { model, layers: layers.map(({ name }) => name), ...(map && { affine: map }) };
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
  return { model: modelOfLayers(file, layers), layers: layers.map(({ name }) => name) };
}

/** The map in the metadata of files from Lethe, whose graphs expect mapped features. */
function statedAffine(metadata: ReadonlyMap<string, string>): AffineMap | undefined {
  const [scale, offset] = ['affine_scale', 'affine_offset'].map((name) =>
    Math.fround(Number.parseFloat(metadata.get(name) ?? '')),
  ) as [number, number];
  return Number.isFinite(scale) && Number.isFinite(offset) ? { scale, offset } : undefined;
}
