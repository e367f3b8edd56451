/** What all phases take together. */
export function totalSeconds(phases: Readonly<Record<string, number>>): number {
  return Object.values(phases).reduce((a, b) => a + b, 0);
}

/** A measurement over several runs; `sd` is the sample standard deviation, 0 for a single run. */
export interface Summary {
  readonly mean: number;
  readonly sd: number;
  readonly runs: readonly number[];
}

export function summarize(runs: readonly number[]): Summary {
  const mean = runs.reduce((sum, value) => sum + value, 0) / runs.length;
  const squares = runs.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: runs.length > 1 ? Math.sqrt(squares / (runs.length - 1)) : 0, runs };
}
