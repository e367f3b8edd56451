import { describeValue } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { UNCLONEABLE } from '../base/uncloneable.js';
import type { InputMap } from './encoding/input-map.js';
import type { NativeModel } from './native.js';

/** @internal A network's parameters in native memory. */
export let handleOf: (network: Network) => NativeModel;

/**
 * What a pass computes with: a shape, and parameters in native memory. Only a Model is a Network,
 * because no other object has the private handle of such parameters.
 */
export abstract class Network {
  /** Inputs, hidden layers, classes. */
  readonly widths: readonly number[];
  /** @internal */
  readonly uncloneable = UNCLONEABLE;
  readonly #handle: NativeModel;

  static {
    handleOf = (network) => {
      if (typeof network === 'object' && network !== null && #handle in network) {
        return network.#handle;
      }
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `network must be a Model, but is ${describeValue(network)}`,
      );
    };
  }

  /** How it takes raw values; undefined: features are its inputs. */
  abstract readonly inputMap: InputMap | undefined;

  /** @internal */
  protected constructor(widths: readonly number[], handle: NativeModel) {
    this.widths = Object.freeze([...widths]);
    this.#handle = handle;
  }
}
