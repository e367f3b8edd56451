import type { BenchSet } from '../data/bench-set.js';
import { BENCH_SETS } from '../data/catalog.js';
import { BenchError } from '../support/bench-error.js';

/** Of most kinds one or two, which take a few seconds each. */
const QUICK = [
  ...['rare-flags', 'one-hot', 'counts', 'short-texts', 'heavy-tails'],
  ...['digits', 'fingerprints', 'outliers-20', 'rows-1200', 'groups-200'],
];

/**
 * @param only names of data sets, or kinds of them; default: all
 * @throws {BenchError} ERR_UNKNOWN_DATA
 */
export function selectSets(only: readonly string[] | undefined, quick: boolean): BenchSet[] {
  const wanted = only ?? (quick ? QUICK : undefined);
  if (!wanted) return [...BENCH_SETS];
  for (const word of wanted) {
    if (BENCH_SETS.some(({ name, kind }) => name === word || kind === word)) continue;
    const known = [...new Set(BENCH_SETS.map(({ kind }) => kind)), ...BENCH_SETS.map(nameOf)];
    const message = `there is no data set or kind "${word}", but: ${known.join(', ')}`;
    throw new BenchError('ERR_UNKNOWN_DATA', message);
  }
  return BENCH_SETS.filter(({ name, kind }) => wanted.includes(name) || wanted.includes(kind));
}

const nameOf = ({ name }: BenchSet) => name;
