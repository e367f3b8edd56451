import { LetheError } from '../base/errors.js';

/**
 * What the metadata of a model's file say that gives its numbers their meaning. Other programs may add
 * entries of their own.
 */
const SEALED = [
  ...['affine', 'affine_offset', 'affine_scale', 'class_names', 'data_digest', 'dataset'],
  ...['feature_names', 'input_map', 'parameter_hash', 'recipe', 'widths'],
];

const SEAL = 'metadata_hash';

type Metadata = Readonly<Record<string, string>>;

/**
 * The metadata with a hash of these entries: SHA-256 in hex over each that is there, in alphabetical
 * order: its name, a line feed, the bytes of its value in decimal, a line feed, the value.
 */
export function withSeal(metadata: Metadata): Record<string, string> {
  return { ...metadata, [SEAL]: sealOf(metadata) };
}

/**
 * Whether the metadata have a hash, which must be theirs.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: they were altered
 */
export function requireSeal(metadata: Metadata): boolean {
  const seal = Object.hasOwn(metadata, SEAL) ? metadata[SEAL] : undefined;
  if (seal === undefined) return false;
  if (seal === sealOf(metadata)) return true;
  throw new LetheError(
    'ERR_INVALID_MODEL',
    `its metadata were altered: their hash is not the ${SEAL} that the file was written with`,
  );
}

function sealOf(metadata: Metadata): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256');
  for (const name of SEALED) {
    if (!Object.hasOwn(metadata, name)) continue;
    const value = metadata[name]!;
    hash.update(`${name}\n${Buffer.byteLength(value)}\n`).update(value);
  }
  return hash.digest('hex');
}
