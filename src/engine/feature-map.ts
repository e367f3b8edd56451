import {
  describeValue,
  isInstance,
  requireBoolean,
  requireFinite,
  requireKnownFields,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { type AffineMap, type FeatureMap, IDENTITY } from './labelled-data.js';

/** What becomes of features of one type. */
interface FeatureMaps {
  /** From what is stored to the network's input; the identity for float32 features. */
  readonly affine: AffineMap;
  /** The map that float32 features have gone through once they are stored, where there is one. */
  readonly mappedBy: AffineMap | undefined;
  /** What float32 features go through before they are stored. */
  readonly toApply: AffineMap | undefined;
}

/**
 * The map of bytes is part of every computation; float32 features go through theirs once, unless they
 * have before.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: bytes without a map, or with one that they have gone through
 */
export function featureMaps(areBytes: boolean, wanted: CheckedFeatureMap | undefined): FeatureMaps {
  if (areBytes && (!wanted || wanted.applied)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      wanted
        ? 'bytes cannot have gone through an affine map: leave out affine.applied'
        : 'byte features need an affine map to the inputs of the network: give affine: {scale, offset}',
    );
  }
  const none = { affine: IDENTITY, mappedBy: undefined, toApply: undefined };
  if (!wanted) return none;
  const { applied, ...affine } = wanted;
  if (areBytes) return { ...none, affine };
  if (isIdentity(affine)) return none;
  return { ...none, mappedBy: affine, toApply: applied ? undefined : affine };
}

/**
 * Features as they are stored, and their maps.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: as featureMaps; a map that is not finite
 */
export function storedFeatures(
  features: Uint8Array | Float32Array,
  wanted: FeatureMap | undefined,
): FeatureMaps & { readonly features: Uint8Array | Float32Array } {
  const areBytes = !isInstance(features, Float32Array);
  const maps = featureMaps(areBytes, wanted && requireFeatureMap(wanted));
  if (areBytes || !maps.toApply) return { ...maps, features };
  const { scale, offset } = maps.toApply;
  return { ...maps, features: features.map((value) => scale * value + offset) };
}

export function isIdentity({ scale, offset }: AffineMap): boolean {
  return scale === IDENTITY.scale && offset === IDENTITY.offset;
}

export interface CheckedFeatureMap extends AffineMap {
  readonly applied: boolean;
}

/** As it is computed with, in float32. @throws {LetheError} ERR_INVALID_ARGUMENT: not finite */
export function requireFeatureMap(wanted: FeatureMap): CheckedFeatureMap {
  const { applied = false, ...affine } = requireKnownFields('affine', wanted, {
    ...{ scale: true, offset: true, applied: true },
  });
  return { ...requireMap(affine), applied: requireBoolean('affine.applied', applied) };
}

/** As it is computed with, in float32. @throws {LetheError} ERR_INVALID_ARGUMENT: not finite */
export function requireMap(affine: AffineMap): AffineMap {
  const { scale, offset } = requireKnownFields('affine', affine, { scale: true, offset: true });
  return {
    scale: Math.fround(requireFinite('scale', scale)),
    offset: Math.fround(requireFinite('offset', offset)),
  };
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT: neither bytes nor float32 */
export function requireFeatures(features: Uint8Array | Float32Array): void {
  if (isInstance(features, Uint8Array) || isInstance(features, Float32Array)) return;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    'features must be a Uint8Array (with an affine map) or a Float32Array, ' +
      `but are ${describeValue(features)}`,
  );
}
