import type { ComputeFlags } from '../support/command-line.js';
import type { BenchData } from '../support/data.js';
import type { PyTorchPeer } from '../support/pytorch-peer.js';
import type { NativeBench } from './native-bench.js';

/** How much is measured. */
export interface Effort {
  /** Measurements of everything that is compared, in turns with the peer. */
  readonly rounds: number;
  /** Training steps of a measurement. */
  readonly steps: number;
  readonly wideSteps: number;
  readonly largeBatchSteps: number;
  /** Times that all examples are predicted, row by row, in a measurement: by a narrow and a wide net. */
  readonly passes: { readonly narrow: number; readonly wide: number };
  readonly batches: readonly number[];
  readonly hiddenWidths: readonly number[];
}

export const THOROUGH: Effort = {
  rounds: 7,
  steps: 400,
  wideSteps: 3,
  largeBatchSteps: 10,
  passes: { narrow: 20, wide: 1 },
  batches: [1, 8, 32, 128, 512, 2048, 4096],
  hiddenWidths: [128, 256, 512, 1024, 2048, 4096],
};

export const QUICK: Effort = {
  rounds: 1,
  steps: 20,
  wideSteps: 1,
  largeBatchSteps: 1,
  passes: { narrow: 1, wide: 1 },
  batches: [1, 128],
  hiddenWidths: [128, 512],
};

/** What is measured, how often, and against whom. */
export interface Bench {
  readonly data: BenchData;
  readonly mnistFolder: string | undefined;
  readonly examples: readonly Uint8Array[];
  readonly native: NativeBench;
  readonly pytorch?: PyTorchPeer;
  readonly compute: ComputeFlags;
  readonly effort: Effort;
  readonly onStage: (stage: string) => void;
}
