import { LetheError } from '../base/errors.js';
import { argmax } from '../engine/evaluation.js';

/** The allowed difference of logits of absolute values up to 20; it grows in proportion beyond. */
export const DEFAULT_TOLERANCE = 1e-4;

const UNSCALED_LOGIT = 20;

/** Where and how the engine and the runtime differ. `row` counts the compared rows from 0. */
export type Disagreement = { readonly row: number } & (
  | {
      /** A logit is infinite or not a number, or the two differ by more than `allowed`. */
      readonly kind: 'notFinite' | 'logit';
      readonly class: number;
      /** The two logits. */
      readonly engine: number;
      readonly runtime: number;
      readonly allowed: number;
    }
  | {
      /** The predicted classes differ, and the row is not a tie. */
      readonly kind: 'prediction';
      /** The two classes. */
      readonly engine: number;
      readonly runtime: number;
    }
);

export interface LogitComparison {
  readonly rows: number;
  /** Rows whose two largest logits are so close that either class may win. */
  readonly ties: number;
  /** Rows that are not ties and whose predictions agree. */
  readonly agreeing: number;
  /** The largest |engine - runtime| among finite logits. */
  readonly maxAbsDiff: number;
  /** The first disagreement; undefined if every row is within the tolerance. */
  readonly disagreement?: Disagreement;
}

/**
 * Compares the engine's logits with the runtime's, which are the reference. In each row
 *
 * - every logit must be finite;
 * - every pair may differ by at most a = tolerance max(1, m / 20), where m is max|logit|, or the size of
 *   sums on the way where it is larger: terms that nearly cancel leave their rounding behind;
 * - the predictions (the largest logit, the lowest class among equals) must agree, unless the
 *   runtime's two largest logits differ by at most a.
 *
 * @param engine float32 [rows, classes]
 * @param runtime float32 [rows, classes]
 * @param classes at least one; with a single class there are no ties
 * @param magnitudes [rows], the size of sums on the way
 * @throws {LetheError} ERR_VERIFICATION_FAILED: not the same whole number of rows
 */
export function compareLogits(
  engine: Float32Array,
  runtime: Float32Array,
  classes: number,
  tolerance: number = DEFAULT_TOLERANCE,
  magnitudes?: Float64Array,
): LogitComparison {
  const rows = runtime.length / classes;
  if (engine.length !== runtime.length || !Number.isInteger(rows)) {
    throw new LetheError(
      'ERR_VERIFICATION_FAILED',
      `for ${classes} classes the engine has ${engine.length} logits, ONNX Runtime ${runtime.length}`,
    );
  }
  let ties = 0;
  let agreeing = 0;
  let maxAbsDiff = 0;
  let disagreement: Disagreement | undefined;
  for (let row = 0; row < rows; row++) {
    const offset = row * classes;
    const magnitude = Math.max(maxAbs(runtime, offset, classes), magnitudes?.[row] ?? 0);
    const allowed = tolerance * Math.max(1, magnitude / UNSCALED_LOGIT);
    for (let c = 0; c < classes; c++) {
      const ours = engine[offset + c]!;
      const theirs = runtime[offset + c]!;
      const difference = Math.abs(ours - theirs);
      const finite = Number.isFinite(difference);
      if (finite) maxAbsDiff = Math.max(maxAbsDiff, difference);
      if (!finite || difference > allowed) {
        const kind = finite ? 'logit' : 'notFinite';
        disagreement ??= { row, kind, class: c, engine: ours, runtime: theirs, allowed };
      }
    }
    const ours = argmax(engine, offset, classes);
    const theirs = argmax(runtime, offset, classes);
    if (lead(runtime, offset, classes, theirs) <= allowed) ties++;
    else if (ours === theirs) agreeing++;
    else disagreement ??= { row, kind: 'prediction', engine: ours, runtime: theirs };
  }
  return { rows, ties, agreeing, maxAbsDiff, ...(disagreement && { disagreement }) };
}

function maxAbs(values: Float32Array, offset: number, count: number): number {
  let largest = 0;
  for (let i = offset; i < offset + count; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** The difference between the largest value, at index `best`, and the second largest. */
function lead(values: Float32Array, offset: number, count: number, best: number): number {
  let second = -Infinity;
  for (let c = 0; c < count; c++) {
    if (c !== best) second = Math.max(second, values[offset + c]!);
  }
  return values[offset + best]! - second;
}
