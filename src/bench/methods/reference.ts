import type { UnlearningRequest, UnlearningResult } from '../../index.js';
import type { SeenModel } from './judge.js';

/** What the methods are asked for with a seed, and what they are compared with. */
export interface Reference {
  readonly seed: number;
  readonly request: UnlearningRequest & Record<'forget' | 'retain', Uint32Array>;
  readonly m0: UnlearningResult;
  readonly seen: SeenModel;
}
