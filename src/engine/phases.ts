import { requireFunction } from '../base/arguments.js';
import type { Progress } from './native.js';
import { type RunOptions, withoutProgress } from './run.js';

/** How far a run of several phases has come. */
export interface PhaseProgress extends Progress {
  /** What is being done, as in the result's `seconds`; `step` and `steps` count within it. */
  readonly phase: string;
}

/** What a run of several phases takes. */
export interface PhasedOptions extends Omit<RunOptions, 'onProgress'> {
  /** Called at most 20 times a second. What it throws aborts the run and is what the run throws. */
  readonly onProgress?: (progress: PhaseProgress) => void;
}

/** The options of one phase's run, whose progress names the phase; whatever else there is, is left out. */
export function inPhase(phase: string, options: PhasedOptions): RunOptions {
  const { onProgress } = options;
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  return {
    ...withoutProgress(options),
    ...(onProgress && { onProgress: (progress) => onProgress({ phase, ...progress }) }),
  };
}
