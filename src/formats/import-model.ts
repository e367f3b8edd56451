import { readFile } from 'node:fs/promises';
import {
  requireArray,
  requireInstance,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { AffineMap } from '../engine/labelled-data.js';
import type { Model } from '../engine/model.js';
import { modelOfLayers } from './linear-layers.js';
import { invalidModel } from './model-error.js';
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
  /** The names of the layers, from first to last; default: sorted, with numbers by value. */
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
  return readOnnx(await readModelFile(path), path);
}

/**
 * A multilayer perceptron from the bytes of a safetensors file, a PyTorch state dict of only linear
 * layers: `<layer>.weight` [outputs, inputs] and optionally `<layer>.bias` [outputs], float32. The
 * file does not contain activations: ReLU between the layers and logits at the end are assumed.
 *
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: names the unsupported tensor. ERR_INVALID_MODEL,
 * ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY.
 */
export function fromSafetensors(
  bytes: Uint8Array,
  options: SafetensorsImportOptions = {},
): ImportedModel {
  requireInstance('bytes', bytes, Uint8Array);
  return readSafetensors(bytes, 'the safetensors file', options);
}

/** As fromSafetensors, but reads a file. @throws {LetheError} as fromSafetensors, and ERR_IO */
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
    throw invalidModel(file, 'the hash of its parameters is not the one in its metadata');
  }
  const map = affine ?? statedAffine(metadata);
  return { model, layers: layers.map(({ name }) => name), ...(map && { affine: map }) };
}

function readSafetensors(
  bytes: Uint8Array,
  file: string,
  options: SafetensorsImportOptions,
): ImportedModel {
  const { layers: order } = requireKnownFields('options', options, { layers: true });
  if (order !== undefined) {
    for (const name of requireArray('layers', order)) requireText('a layer', name);
  }
  const layers = parseStateDict(bytes, file, order);
  return { model: modelOfLayers(file, layers), layers: layers.map(({ name }) => name) };
}

/** The map in the metadata of files from Lethe, whose graphs expect mapped features. */
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
