import { positionsOf, type RowSet } from '../../engine/row-set.js';
import { samplePositions } from '../sample.js';

const SHARE = 0.1;
const MOST_ROWS = 5000;

/** Rows to train on and rows held out, each in the order of the whole. */
export interface Slices {
  readonly training: RowSet;
  readonly validation: RowSet;
}

/**
 * Holds out a random tenth of the rows, 5,000 at most; of rows with owners about as many, in whole
 * owners, so that no owner is in both parts.
 *
 * @param owners [dataset rows]
 */
export function holdOut(rows: RowSet, owners: Uint32Array | undefined, seed: number): Slices {
  const wanted = Math.min(MOST_ROWS, Math.round(SHARE * rows.length));
  const order = samplePositions(rows.length, rows.length, seed);
  const heldOut = owners
    ? wholeOwners(positionsOf(rows), owners, order, wanted)
    : order.subarray(0, wanted);
  const isHeldOut = new Uint8Array(rows.length);
  for (const position of heldOut) isHeldOut[position] = 1;
  return {
    training: rows.filter((_, position) => isHeldOut[position] === 0),
    validation: rows.filter((_, position) => isHeldOut[position] === 1),
  };
}

/**
 * The positions of all rows of some owners: in the order in which a random order of the rows first
 * meets them, without those that have more rows than are left to take.
 */
function wholeOwners(
  rows: Uint32Array,
  owners: Uint32Array,
  order: Uint32Array,
  wanted: number,
): number[] {
  const members = new Map<number, number[]>();
  rows.forEach((row, position) => {
    const owner = owners[row]!;
    const own = members.get(owner);
    if (own) own.push(position);
    else members.set(owner, [position]);
  });
  const taken: number[] = [];
  for (const position of order) {
    const owner = owners[rows[position]!]!;
    const own = members.get(owner) ?? [];
    members.delete(owner);
    if (taken.length + own.length > wanted) continue;
    for (const member of own) taken.push(member);
  }
  return taken;
}
