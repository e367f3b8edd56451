import { createHash } from 'node:crypto';
import { littleEndianBytes } from './little-endian.js';

/**
 * SHA-256, in hex, of an architecture and its parameters: of the text `lethe parameters 1\n`, the
 * widths joined by `-`, `\n`, then every parameter as little-endian float32. Equal hashes mean equal
 * bits.
 */
export function parameterHash(widths: readonly number[], parameters: Float32Array): string {
  return createHash('sha256')
    .update(`lethe parameters 1\n${widths.join('-')}\n`)
    .update(littleEndianBytes(parameters))
    .digest('hex');
}
