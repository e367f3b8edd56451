import { bundle, transpile } from '../../scripts/build.mjs';

/**
 * Tests import the sources; what they start in a thread or process of its own is plain JavaScript,
 * made here, so that no build need precede them.
 */
export default async function buildSource() {
  await Promise.all([bundle(), transpile()]);
}
