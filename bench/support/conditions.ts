/** One requirement of a goal, in words and numbers. */
export interface Condition {
  readonly name: string;
  /** NaN where a run has none, for example where nothing was relearnt: not met. */
  readonly value: number;
  readonly bound: number;
  readonly isMet: boolean;
  /** What is hoped for beyond the bound. */
  readonly stretch?: number;
  readonly isStretchMet?: boolean;
}

/** Means and their sums are compared to this. */
export const ROUNDING = 1e-9;

export const atMost = (
  name: string,
  value: number,
  bound: number,
  stretch?: number,
): Condition => ({
  ...{ name, value, bound, isMet: value <= bound + ROUNDING },
  ...(stretch !== undefined && { stretch, isStretchMet: value <= stretch + ROUNDING }),
});

export const atLeast = (name: string, value: number, bound: number): Condition => ({
  ...{ name, value, bound, isMet: value >= bound - ROUNDING },
});
