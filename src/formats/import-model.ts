import { readFile } from 'node:fs/promises';
import { requireArray, requireInstance, requireNames, requireText } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { AffineMap } from '../engine/labelled-data.js';
import type { Model } from '../engine/model.js';
import { modelOfLayers } from './linear-layers.js';
import { invalidModel } from './model-error.js';
import { parseStateDict } from './state-dict.js';

/** A model that was made elsewhere. */
export interface ImportedModel {
  readonly model: Model;
  /** What the file calls the linear layers, first to last. */
  readonly layers: readonly string[];
  /**
   * The map from raw features to the model's input that the file holds, rounded to float32; for a
   * data set of bytes. Features that are float32 must have gone through it already.
   */
  readonly affine?: AffineMap;
}

export interface SafetensorsImportOptions {
  /** The names of the layers, first to last; default: ordered by name, numbers by their value. */
  readonly layers?: readonly string[];
}

/**
 * A multilayer perceptron from the bytes of an ONNX file: Gemm or MatMul and Add, with Relu between
 * them, float32, stored in the file. A normalization before the first layer becomes `affine`, a
 * Softmax after the last one is left out, for the engine works with logits.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the operator or tensor that is in the way.
 * ERR_INVALID_MODEL: not ONNX, contradictory, or not what its parameter hash says.
 * ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export async function fromOnnx(bytes: Uint8Array): Promise<ImportedModel> {
  return readOnnx(requireInstance('bytes', bytes, Uint8Array), 'the ONNX file');
}

/** As fromOnnx, from a file. @throws {LetheError} as fromOnnx, and ERR_IO */
export async function loadOnnx(path: string): Promise<ImportedModel> {
  return readOnnx(await readModelFile(path), path);
}

/**
 * A multilayer perceptron from the bytes of a safetensors file, a PyTorch state dict of linear layers
 * alone: `<layer>.weight` [outputs, inputs] and, where it has one, `<layer>.bias` [outputs], float32.
 * The file does not say what lies between the layers: it is taken to be ReLU, and logits at the end.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the tensor that is in the way. ERR_INVALID_MODEL,
 * ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export function fromSafetensors(
  bytes: Uint8Array,
  options: SafetensorsImportOptions = {},
): ImportedModel {
  requireInstance('bytes', bytes, Uint8Array);
  return readSafetensors(bytes, 'the safetensors file', options);
}

/** As fromSafetensors, from a file. @throws {LetheError} as fromSafetensors, and ERR_IO */
export async function loadSafetensors(
  path: string,
  options: SafetensorsImportOptions = {},
): Promise<ImportedModel> {
  return readSafetensors(await readModelFile(path), path, options);
}

async function readOnnx(bytes: Uint8Array, file: string): Promise<ImportedModel> {
  const { parseOnnx } = await import('./onnx-import.js');
  const { layers, affine, metadata } = parseOnnx(bytes, file);
  const model = modelOfLayers(file, layers);
  const hash = metadata.get('parameter_hash');
  if (hash !== undefined && hash !== model.hash()) {
    throw invalidModel(file, 'its parameters are not those whose hash stands in its metadata');
  }
  const map = affine ?? statedAffine(metadata);
  return { model, layers: layers.map(({ name }) => name), ...(map && { affine: map }) };
}

function readSafetensors(
  bytes: Uint8Array,
  file: string,
  options: SafetensorsImportOptions,
): ImportedModel {
  const { layers: order } = requireNames('options', options, { layers: true });
  if (order !== undefined) {
    for (const name of requireArray('layers', order)) requireText('a layer', name);
  }
  const layers = parseStateDict(bytes, file, order);
  return { model: modelOfLayers(file, layers), layers: layers.map(({ name }) => name) };
}

/** The map that Lethe's own files carry: their graph takes what has gone through it. */
function statedAffine(metadata: ReadonlyMap<string, string>): AffineMap | undefined {
  const [scale, offset] = ['affine_scale', 'affine_offset'].map((name) =>
    Math.fround(Number.parseFloat(metadata.get(name) ?? '')),
  ) as [number, number];
  return Number.isFinite(scale) && Number.isFinite(offset) ? { scale, offset } : undefined;
}

async function readModelFile(path: string): Promise<Uint8Array> {
  requireText('path', path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LetheError('ERR_IO', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
