import { requireArray, requireNonNegative, requirePositive } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import type { NativeSchedule } from './native.js';

/**
 * A value that changes over a run: knots [at, value], interpolated linearly. `at` is a share of the
 * run's steps in [0, 1], ascending; the first of n steps is at 0, the last at (n - 1) / n. Example
 * of a one-cycle schedule: [[0, 0], [0.1, 0.1], [1, 0]].
 */
export type Schedule = readonly (readonly [at: number, value: number])[];

/**
 * @param schedule a constant above 0, or knots of at least 0, one of them above 0
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function nativeSchedule(name: string, schedule: number | Schedule): NativeSchedule {
  if (!Array.isArray(schedule)) {
    return { at: Float32Array.of(0), values: Float32Array.of(requirePositive(name, schedule)) };
  }
  const knots = schedule.map((knot) => requireArray(`a knot of ${name}`, knot) as number[]);
  const at = Float32Array.from(knots, ([at]) => requireNonNegative(`a knot of ${name}`, at));
  const values = Float32Array.from(knots, ([, value]) =>
    requireNonNegative(`the value of a knot of ${name}`, value),
  );
  if (at.some((share, i) => share > 1 || (i > 0 && share <= at[i - 1]!))) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the knots of ${name} must lie in [0, 1], each after the one before`,
    );
  }
  if (!values.some((value) => value > 0)) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${name} must be above 0 in at least one knot`);
  }
  return { at, values };
}
