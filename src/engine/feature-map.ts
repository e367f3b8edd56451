import {
  describeValue,
  isInstance,
  requireBoolean,
  requireFinite,
  requireKnownFields,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { type AffineMap, type FeatureMap, IDENTITY } from './labelled-data.js';

/** Features as they are stored. */
interface StoredFeatures {
  readonly features: Uint8Array | Float32Array;
  /** From what is stored to the network's input; the identity for float32 features. */
  readonly affine: AffineMap;
  /** The map that float32 features have gone through, where there is one. */
  readonly mappedBy: AffineMap | undefined;
}

/**
 * Features with their map: that of bytes is part of the computation, float32 features go through it
 * now, unless they have before.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: bytes without a map, a map that is not finite
 */
export function storedFeatures(
  features: Uint8Array | Float32Array,
  wanted: FeatureMap | undefined,
): StoredFeatures {
  const { applied, ...affine } = wanted ? requireFeatureMap(wanted) : { applied: false };
  if (isInstance(features, Float32Array)) {
    if (!hasMap(affine) || isIdentity(affine)) {
      return { features, affine: IDENTITY, mappedBy: undefined };
    }
    const { scale, offset } = affine;
    const mapped = applied ? features : features.map((value) => scale * value + offset);
    return { features: mapped, affine: IDENTITY, mappedBy: affine };
  }
  if (hasMap(affine) && !applied) return { features, affine, mappedBy: undefined };
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    applied
      ? 'bytes cannot have gone through an affine map: leave out `applied`'
      : 'byte features need an affine map to the inputs of the network: give affine: {scale, offset}',
  );
}

const hasMap = (map: Partial<AffineMap>): map is AffineMap => map.scale !== undefined;

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
