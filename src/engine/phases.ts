import { requireFunction } from '../base/arguments.js';
import type { Progress } from './native.js';
import { type RunOptions, withoutProgress } from './run.js';

/** The progress of a run of several phases. */
export interface PhaseProgress extends Progress {
  /** The current phase, named as in the result's `seconds`; `step` and `steps` count within it. */
  readonly phase: string;
}

/** The options of a run of several phases. */
export interface PhasedOptions extends Omit<RunOptions, 'onProgress'> {
  /**
   * Called at most 20 times a second. If it throws, the run is aborted and throws the same value.
   */
  readonly onProgress?: (progress: PhaseProgress) => void;
}

/**
 * The run options of one phase, with the phase's name added to its progress; other options are
 * dropped.
 */
export function inPhase(phase: string, options: PhasedOptions): RunOptions {
  const { onProgress } = options;
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  return {
    ...withoutProgress(options),
    ...(onProgress && { onProgress: (progress) => onProgress({ phase, ...progress }) }),
  };
}
