import { requireArray, requireInstance, requireInteger } from '../base/arguments.js';
import { littleEndianBytes } from '../base/little-endian.js';
import { checkInputMap, type InputMap, inputMapJson } from './encoding/input-map.js';

/**
 * SHA-256, in hex, of an architecture and its parameters: of the text `lethe parameters 1\n`, the
 * widths joined by `-`, `\n`, then every parameter as little-endian float32; where columns are
 * encoded, also `\n` and the input map as JSON. Equal hashes mean equal bits.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function parameterHash(
  widths: readonly number[],
  parameters: Float32Array,
  inputMap?: InputMap,
): string {
  for (const width of requireArray('widths', widths)) requireInteger('a width', width, 1);
  requireInstance('parameters', parameters, Float32Array);
  // Loaded at first use, because loading it is a large part of the package's import time.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256')
    .update(`lethe parameters 1\n${widths.join('-')}\n`)
    .update(littleEndianBytes(parameters));
  if (inputMap) hash.update(`\n${inputMapJson(checkInputMap(inputMap, widths[0]!))}`);
  return hash.digest('hex');
}
