import { transpileBench } from '../../../scripts/build.mjs';

/** What tests of the benches start in a process of its own. */
export default async function buildBench() {
  await transpileBench();
}
