import { bundle, transpile } from '../../scripts/build.mjs';

/**
 * Tests import the sources. Programs that they start in separate threads or processes are plain
 * JavaScript; they are transpiled here, so that the tests need no earlier build.
 */
export default async function buildSource() {
  await Promise.all([bundle(), transpile()]);
}
