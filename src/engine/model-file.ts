import { LetheError } from '../base/errors.js';
import { foreignKind } from '../base/file-kind.js';
import { replaceFile } from '../base/files/replace-file.js';
import { readWholeFile } from '../base/files.js';
import { fromLittleEndian } from '../base/little-endian.js';
import { layersOf, MOST_UNITS } from './layout.js';
import { requireSeal, withSeal } from './metadata-seal.js';
import { decodeFacts, encodeFacts, type ModelFacts } from './model-facts.js';
import { BIAS, modelTensors, usualLayerNames, WEIGHT } from './model-tensors.js';
import { parameterHash } from './parameter-hash.js';
import { Parameters } from './parameters.js';
import { ROW_FILE_FORMAT } from './row-file.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

/**
 * A saved model is a safetensors file with the tensors `layers.<i>.weight` [out, in] and
 * `layers.<i>.bias` [out], and the metadata `format`, `version`, `widths`, `parameter_hash` and what
 * the model knows of itself: `recipe`, `class_names`, `feature_names`, `input_map`, `affine`, all JSON, and
 * `data_digest`.
 */
const FORMAT = 'lethe-model';
const VERSION = '1';

/** The largest file that Node's readFile reads. */
const MAX_BYTES = 2 ** 31 - 1;

interface StoredModel {
  readonly widths: readonly number[];
  readonly parameters: Float32Array;
  readonly facts: ModelFacts;
}

/** Names and shapes of a model's tensors, in the order of its parameter vector. */
function tensorShapes(widths: readonly number[]): [name: string, shape: number[]][] {
  const names = usualLayerNames(widths.length - 1);
  return layersOf(widths).flatMap(({ inputs, outputs }, layer): [string, number[]][] => [
    [names[layer] + WEIGHT, [outputs, inputs]],
    [names[layer] + BIAS, [outputs]],
  ]);
}

export function encodeModel({ widths, parameters, facts }: StoredModel): Uint8Array {
  const names = usualLayerNames(widths.length - 1);
  const tensors = modelTensors(new Parameters(widths, parameters), names);
  const metadata = withSeal({
    format: FORMAT,
    version: VERSION,
    widths: JSON.stringify(widths),
    parameter_hash: parameterHash(widths, parameters, facts.inputMap),
    ...encodeFacts(facts),
  });
  return encodeSafetensors({ metadata, tensors });
}

/** @throws {LetheError} ERR_INVALID_MODEL: truncated, altered, or not saved by Lethe. */
export function decodeModel(bytes: Uint8Array): StoredModel {
  let file: ReturnType<typeof decodeSafetensors>;
  try {
    file = decodeSafetensors(bytes);
  } catch (cause) {
    throw new LetheError('ERR_INVALID_MODEL', (cause as Error).message, { cause });
  }
  const { format, version, widths: widthsJson, parameter_hash: expectedHash } = file.metadata;
  if (format !== FORMAT || version !== VERSION) {
    throw invalid(
      format === FORMAT
        ? `the file is of version ${version}, but this version of Lethe reads version ${VERSION}`
        : format === ROW_FILE_FORMAT
          ? 'it holds rows, not a model: open it with Dataset.open'
          : "it was not saved by Lethe's model.save: load a state dict with loadSafetensors",
    );
  }
  const widths = parseWidths(widthsJson);
  // Checked before allocating by widths, because a small file can list millions of them.
  if (file.tensors.size !== 2 * (widths.length - 1)) {
    throw invalid(`${widths.length} widths contradict the number of tensors, ${file.tensors.size}`);
  }
  const parts = tensorShapes(widths).map(([name, shape]) => {
    const tensor = file.tensors.get(name);
    if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
      throw invalid(`tensor ${name} is not float32 of shape [${shape.join(', ')}]`);
    }
    return tensor.bytes;
  });
  const parameters = fromLittleEndian(Buffer.concat(parts));
  if (!parameters.every(Number.isFinite)) throw invalid('a parameter is not finite');
  requireSeal(file.metadata);
  const facts = decodeFacts(widths, file.metadata);
  const hash = parameterHash(widths, parameters, facts.inputMap);
  if (hash !== expectedHash) {
    throw invalid(`the hash of the parameters is ${hash}, but the file says ${expectedHash}`);
  }
  return { widths, parameters, facts };
}

function parseWidths(json: string | undefined): number[] {
  let widths: unknown;
  try {
    widths = JSON.parse(json ?? '');
  } catch (cause) {
    throw invalid('the widths are not JSON', cause);
  }
  const valid =
    Array.isArray(widths) &&
    widths.length >= 2 &&
    widths.every((width) => Number.isInteger(width) && width >= 1 && width <= MOST_UNITS);
  if (!valid) throw invalid(`the widths are not a list of whole numbers in 1..${MOST_UNITS}`);
  return widths as number[];
}

function invalid(message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_MODEL', `saved model: ${message}`, { cause });
}

/** @throws {LetheError} ERR_IO; ERR_INVALID_ARGUMENT: a file of 2 GiB or more. */
export async function writeModel(path: string, model: StoredModel): Promise<void> {
  const bytes = encodeModel(model);
  if (bytes.length > MAX_BYTES) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the model takes ${bytes.length} bytes, but a file of more than ${MAX_BYTES} cannot be read`,
    );
  }
  await replaceFile(path, bytes);
}

/** @throws {LetheError} ERR_IO, ERR_INVALID_MODEL */
export async function readModel(path: string): Promise<StoredModel> {
  const bytes = await readWholeFile(path);
  try {
    return decodeModel(bytes);
  } catch (cause) {
    if (!(cause instanceof LetheError)) throw cause;
    const kind = foreignKind(bytes, 'safetensors');
    const reason = kind === undefined ? cause.message : `this is ${kind}`;
    throw new LetheError(cause.code, `${path}: ${reason}`, { cause });
  }
}
