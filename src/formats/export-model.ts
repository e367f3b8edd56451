import {
  requireArray,
  requireFinite,
  requireFunction,
  requireObject,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { replaceFile } from '../base/files.js';
import type { Dataset } from '../engine/dataset.js';
import { Ensemble } from '../engine/ensemble.js';
import type { Model } from '../engine/model.js';
import { parameterHash } from '../engine/parameter-hash.js';
import type { Exportable } from '../engine/predictor.js';
import { encodeSafetensors } from '../engine/safetensors.js';
import { checkShape } from './model-shape.js';
import { stateDictTensors, usualLayerNames } from './state-dict.js';

/**
 * A model or an ensemble as the bytes of an ONNX file, see exportOnnx and exportOnnxEnsemble. The graph takes
 * normalized features; the data set's affine map and name stand in the metadata, for whoever feeds it raw ones.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: no model or data set, a file of 2 GiB or more.
 */
export async function toOnnx(
  model: Exportable,
  dataset: Pick<Dataset, 'affine' | 'name'>,
): Promise<Uint8Array> {
  requireObject('model', model);
  const { affine, name: datasetName } = requireObject('dataset', dataset);
  requireObject('the affine map of the dataset', affine);
  requireText('the name of the dataset', datasetName);
  requireFinite('scale', affine.scale);
  requireFinite('offset', affine.offset);
  if (model instanceof Ensemble) {
    const { shares } = model;
    const members = model.members.map((member, i) => ({
      ...{ widths: member.model.widths, parameters: member.model.parameters() },
      share: shares[i]!,
    }));
    const hash = model.hash();
    const { exportOnnxEnsemble } = await import('./onnx-export.js');
    return exportOnnxEnsemble({ members, hash, affine, datasetName });
  }
  const { widths } = model;
  requireFunction('the parameters of the model', model.parameters);
  const parameters = model.parameters();
  checkShape({ widths, parameters });
  const hash = parameterHash(widths, parameters);
  const { exportOnnx } = await import('./onnx-export.js');
  return exportOnnx({ widths, parameters, hash, affine, datasetName });
}

/**
 * Writes a model or an ensemble as an ONNX file; an existing file is replaced as a whole or not at all.
 *
 * @throws {LetheError} as toOnnx, and ERR_IO
 */
export async function saveOnnx(
  model: Exportable,
  dataset: Pick<Dataset, 'affine' | 'name'>,
  path: string,
): Promise<void> {
  requireText('path', path);
  await replaceFile(path, await toOnnx(model, dataset));
}

export interface StateDictOptions {
  /** A name for each layer, first to last; default: `layers.0`, `layers.1`, ... */
  readonly layers?: readonly string[];
}

/**
 * A model as the bytes of a safetensors file with the tensors `<layer>.weight` [outputs, inputs] and
 * `<layer>.bias` [outputs], which PyTorch's `load_state_dict` takes.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: not one name for each layer, widths and parameters
 * that do not fit each other, a parameter that is not finite.
 */
export function toSafetensors(
  model: Pick<Model, 'widths' | 'parameters'>,
  options: StateDictOptions = {},
): Uint8Array {
  const { widths } = requireObject('model', model);
  requireFunction('the parameters of the model', model.parameters);
  const parameters = model.parameters();
  checkShape({ widths, parameters });
  const { layers = usualLayerNames(widths) } = requireObject('options', options);
  const names = new Set(requireArray('layers', layers).map((name) => requireText('a layer', name)));
  if (layers.length !== widths.length - 1 || names.size !== layers.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `layers must be ${widths.length - 1} different names, but is [${layers.join(', ')}]`,
    );
  }
  const tensors = stateDictTensors({ widths, parameters }, layers);
  return encodeSafetensors({ metadata: { format: 'pt' }, tensors });
}

/**
 * Writes what toSafetensors makes; an existing file is replaced as a whole or not at all.
 *
 * @throws {LetheError} as toSafetensors, and ERR_IO
 */
export async function saveSafetensors(
  model: Pick<Model, 'widths' | 'parameters'>,
  path: string,
  options: StateDictOptions = {},
): Promise<void> {
  requireText('path', path);
  await replaceFile(path, toSafetensors(model, options));
}
