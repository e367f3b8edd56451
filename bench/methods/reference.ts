import type { RowSet, UnlearningRequest, UnlearningResult } from 'lethe';
import type { SeenModel } from './judge.js';

/** Added to the seed: M0 and the original are different models from the start. */
export const M0_SEED = 10_000;

/** What the methods are asked for with a seed, and what they are compared with. */
export interface Reference {
  readonly seed: number;
  readonly request: UnlearningRequest & Record<'forget' | 'retain', RowSet>;
  readonly m0: UnlearningResult;
  readonly seen: SeenModel;
}
