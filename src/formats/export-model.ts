import {
  type KnownFields,
  requireArray,
  requireFinite,
  requireFunction,
  requireKnownFields,
  requireObject,
  requirePath,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { replaceFile } from '../base/files/replace-file.js';
import { lazyModule } from '../base/lazy.js';
import { version } from '../base/version.js';
import type { Dataset } from '../engine/dataset.js';
import { Ensemble } from '../engine/ensemble.js';
import { withSeal } from '../engine/metadata-seal.js';
import { Model } from '../engine/model.js';
import { encodeFacts, type ModelFacts, withoutDigest } from '../engine/model-facts.js';
import { modelTensors, usualLayerNames } from '../engine/model-tensors.js';
import { parameterHash } from '../engine/parameter-hash.js';
import type { Exportable } from '../engine/predictor.js';
import { encodeSafetensors } from '../engine/safetensors.js';
import { finiteParameters } from './exportable.js';

export interface OnnxOptions {
  /**
   * The data set that the model was trained on: its affine map and name go into the metadata, for
   * users who have raw features. Default: the map that the model knows, and no name. A model with an
   * input map takes raw values itself, so that only the name does.
   */
  readonly dataset?: Pick<Dataset, 'affine' | 'name'> & Partial<Pick<Dataset, 'mappedBy'>>;
}

const onnxExport = lazyModule('the ONNX export', () => import('./onnx/export.js'));

const ONNX_OPTIONS: KnownFields<OnnxOptions> = { dataset: true };

/**
 * A model or an ensemble as the bytes of an ONNX file, see exportOnnx and exportOnnxEnsemble. The
 * graph's input is normalized features, like the network's; where the model encodes its columns, the
 * raw values that it takes. The metadata say what the model knows of itself, but for the digest of its
 * data.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: not a model or data set, a parameter that is
 * not finite, a file of 2 GiB or more.
 */
export async function toOnnx(model: Exportable, options: OnnxOptions = {}): Promise<Uint8Array> {
  requireObject('model', model);
  const { affine: given, ...named } = factsOf(
    requireKnownFields('options', options, ONNX_OPTIONS).dataset,
  );
  if (model instanceof Ensemble) {
    const { shares } = model;
    const members = model.members.map((member, i) => ({
      ...{ widths: member.model.widths, parameters: member.model.parameters() },
      ...{ inputMap: member.model.inputMap, share: shares[i]! },
    }));
    const hash = model.hash();
    const isEncoded = members.some(({ inputMap }) => inputMap);
    const { exportOnnxEnsemble } = await onnxExport();
    return exportOnnxEnsemble({
      ...{ members, hash, ...named },
      ...(given && !isEncoded && { affine: given }),
    });
  }
  const { widths } = model;
  requireFunction('the parameters of the model', model.parameters);
  const { values: parameters } = finiteParameters({ widths, parameters: model.parameters() });
  const { affine: known, ...knowledge } = knownBy(model);
  const { inputMap } = knowledge;
  const affine = inputMap ? undefined : (given ?? known);
  const hash = parameterHash(widths, parameters, inputMap);
  const { exportOnnx } = await onnxExport();
  return exportOnnx({
    ...{ widths, parameters, inputMap, hash, knowledge: encodeFacts(knowledge) },
    ...(affine && { affine }),
    ...named,
  });
}

/** What a model says of itself in files that go anywhere; nothing if it is only like a model. */
function knownBy(model: object): ModelFacts {
  return model instanceof Model ? withoutDigest(model.facts) : {};
}

/** The metadata on the data set that a model was trained on. */
function factsOf(dataset: OnnxOptions['dataset']) {
  if (dataset === undefined) return {};
  const { mappedBy, affine: own, name: datasetName } = requireObject('dataset', dataset);
  const affine = mappedBy ?? own;
  requireObject('the affine map of the dataset', affine);
  requireText('the name of the dataset', datasetName);
  requireFinite('scale', affine.scale);
  requireFinite('offset', affine.offset);
  return { affine, datasetName };
}

/**
 * Writes a model or an ensemble as an ONNX file; an existing file is replaced as a whole or not at
 * all.
 *
 * @throws {LetheError} as toOnnx, and ERR_IO
 */
export async function saveOnnx(
  model: Exportable,
  path: string,
  options: OnnxOptions = {},
): Promise<void> {
  requirePath('path', path);
  await replaceFile(path, await toOnnx(model, options));
}

export interface StateDictOptions {
  /** A name for each layer, from first to last; default: `layers.0`, `layers.1`, ... */
  readonly layers?: readonly string[];
}

/**
 * A model as the bytes of a safetensors file with the tensors `<layer>.weight` [outputs, inputs]
 * and `<layer>.bias` [outputs], as PyTorch's `load_state_dict` expects them. The metadata say what the
 * model knows of itself, but for the digest of its data.
 *
 * @throws {LetheError} ERR_BUSY; ERR_INVALID_ARGUMENT: not one name for each layer, contradictory
 * widths and parameters, a parameter that is not finite.
 */
export function toSafetensors(
  model: Pick<Model, 'widths' | 'parameters'>,
  options: StateDictOptions = {},
): Uint8Array {
  const { widths } = requireObject('model', model);
  requireFunction('the parameters of the model', model.parameters);
  const parameters = finiteParameters({ widths, parameters: model.parameters() });
  const count = parameters.layers.length;
  const { layers = usualLayerNames(count) } = requireKnownFields('options', options, {
    layers: true,
  });
  const names = new Set(requireArray('layers', layers).map((name) => requireText('a layer', name)));
  if (layers.length !== count || names.size !== count) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `layers must be ${count} different names, but is [${layers.join(', ')}]`,
    );
  }
  const tensors = modelTensors(parameters, layers);
  const facts = knownBy(model);
  const metadata = withSeal({
    ...{ format: 'pt', lethe_version: version },
    parameter_hash: parameterHash(widths, parameters.values, facts.inputMap),
    ...encodeFacts(facts),
  });
  return encodeSafetensors({ metadata, tensors });
}

/**
 * Writes the bytes of toSafetensors to a file; an existing file is replaced as a whole or not at
 * all.
 *
 * @throws {LetheError} as toSafetensors, and ERR_IO
 */
export async function saveSafetensors(
  model: Pick<Model, 'widths' | 'parameters'>,
  path: string,
  options: StateDictOptions = {},
): Promise<void> {
  requirePath('path', path);
  await replaceFile(path, toSafetensors(model, options));
}
