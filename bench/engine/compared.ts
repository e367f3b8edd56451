import { type Range, rangeOf, ratios } from '../support/timing.js';

/** Our time and, where there is a peer, the peer's and how many times as long that is. */
export interface Compared {
  readonly microseconds: Range;
  readonly peerMicroseconds?: Range;
  readonly peerRatio?: Range;
}

/**
 * @param ours seconds, round by round
 * @param peers the peer's in the same rounds
 * @param units of work in one measurement: the times are those of one
 */
export function compared(
  ours: readonly number[],
  peers: readonly number[] | undefined,
  units: number,
): Compared {
  const microseconds = (values: readonly number[]) =>
    rangeOf(values.map((value) => (value / units) * 1e6));
  return {
    microseconds: microseconds(ours),
    ...(peers && { peerMicroseconds: microseconds(peers), peerRatio: ratios(peers, ours) }),
  };
}
