import { indicesBelow } from '../base/indices.js';
import { PhiloxPurpose, PhiloxStream } from '../base/philox.js';
import { positionsOf, type RowSet, trustedRows } from '../engine/row-set.js';

/** `count` distinct whole numbers below `size`, or all of them, in random order. */
export function samplePositions(size: number, count: number, seed: number): Uint32Array {
  const stream = new PhiloxStream(seed, PhiloxPurpose.recipeSample);
  const positions = indicesBelow(size);
  const drawn = Math.min(count, size);
  for (let i = 0; i < drawn; i++) {
    const j = i + stream.below(size - i);
    [positions[i], positions[j]] = [positions[j]!, positions[i]!];
  }
  return positions.subarray(0, drawn);
}

/** The rows at these positions of a set. */
export function atPositions(rows: RowSet, within: Uint32Array): RowSet {
  const positions = positionsOf(rows);
  return trustedRows(
    rows.dataset,
    within.map((position) => positions[position]!),
  );
}

/** A random sample of the rows, in random order. */
export function sampleRows(rows: RowSet, count: number, seed: number): RowSet {
  return atPositions(rows, samplePositions(rows.length, count, seed));
}
