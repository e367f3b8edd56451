import type { Dataset } from '../engine/dataset.js';
import type { Model } from '../engine/model.js';
import { replaceFile } from '../files.js';
import { exportOnnx } from './onnx-export.js';

/**
 * A model as the bytes of an ONNX file, see exportOnnx. The graph takes normalized features; the
 * data set's affine map and name stand in the metadata, for whoever feeds it raw ones.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: a file of 2 GiB or more.
 */
export function toOnnx(
  model: Pick<Model, 'widths' | 'parameters' | 'hash'>,
  dataset: Pick<Dataset, 'affine' | 'name'>,
): Uint8Array {
  return exportOnnx({
    widths: model.widths,
    parameters: model.parameters(),
    hash: model.hash(),
    affine: dataset.affine,
    datasetName: dataset.name,
  });
}

/**
 * Writes a model as an ONNX file; an existing file is replaced as a whole or not at all.
 *
 * @throws {LetheError} as toOnnx, and ERR_IO
 */
export async function saveOnnx(
  model: Model,
  dataset: Pick<Dataset, 'affine' | 'name'>,
  path: string,
): Promise<void> {
  await replaceFile(path, toOnnx(model, dataset));
}
