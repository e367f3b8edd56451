import { LetheError } from '../base/errors.js';
import { Parameters } from '../engine/parameters.js';

/**
 * The parameters of a network to export, checked.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: invalid widths, not one value per parameter, a value
 * that is not finite
 */
export function finiteParameters(network: {
  readonly widths: readonly number[];
  readonly parameters: Float32Array;
}): Parameters {
  const parameters = new Parameters(network.widths, network.parameters);
  // Comparing logits would not find it: a runtime's Relu may turn NaN into 0.
  const broken = parameters.values.findIndex((value) => !Number.isFinite(value));
  if (broken < 0) return parameters;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `parameter ${broken} is ${parameters.values[broken]}: a model that is not finite cannot be exported`,
  );
}
