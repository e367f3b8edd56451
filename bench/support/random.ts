import { PhiloxStream } from 'lethe/engine';

/** The library uses this purpose for nothing: the benches draw the same rows in every version. */
const BENCH_PURPOSE = 18;

/** Random numbers of the benches, apart from those of every method. */
export function benchStream(seed: number): PhiloxStream {
  return new PhiloxStream(seed, BENCH_PURPOSE);
}
