import { requireFunction, requireObject, requireText } from '../../arguments.js';
import { replaceFile } from '../../files.js';
import type { Dataset } from '../dataset.js';
import type { Model } from '../model.js';
import { parameterHash } from '../parameter-hash.js';

/**
 * A model as the bytes of an ONNX file, see exportOnnx. The graph takes normalized features; the
 * data set's affine map and name stand in the metadata, for whoever feeds it raw ones.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: no model or data set, a file of 2 GiB or more.
 */
export async function toOnnx(
  model: Pick<Model, 'widths' | 'parameters'>,
  dataset: Pick<Dataset, 'affine' | 'name'>,
): Promise<Uint8Array> {
  const { widths } = requireObject('model', model);
  requireFunction('the parameters of the model', model.parameters);
  const { affine, name } = requireObject('dataset', dataset);
  requireObject('the affine map of the dataset', affine);
  requireText('the name of the dataset', name);
  const parameters = model.parameters();
  const hash = parameterHash(widths, parameters);
  const { exportOnnx } = await import('./onnx-export.js');
  return exportOnnx({ widths, parameters, hash, affine, datasetName: name });
}

/**
 * Writes a model as an ONNX file; an existing file is replaced as a whole or not at all.
 *
 * @throws {LetheError} as toOnnx, and ERR_IO
 */
export async function saveOnnx(
  model: Pick<Model, 'widths' | 'parameters'>,
  dataset: Pick<Dataset, 'affine' | 'name'>,
  path: string,
): Promise<void> {
  requireText('path', path);
  await replaceFile(path, await toOnnx(model, dataset));
}
