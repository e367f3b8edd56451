import { given, requireFunction } from '../base/arguments.js';
import type { Progress } from './native.js';
import type { RunOptions } from './run.js';

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

/** The options of one phase's run, whose progress names the phase. */
export function inPhase(phase: string, options: PhasedOptions): RunOptions {
  const { onProgress } = options;
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  return {
    ...withoutProgress(options),
    ...(onProgress && { onProgress: (progress) => onProgress({ phase, ...progress }) }),
  };
}

type SilentOptions = Omit<RunOptions, 'onProgress'>;

const SILENT_OPTIONS: Readonly<Record<keyof SilentOptions, true>> = {
  threads: true,
  device: true,
  precision: true,
  concurrentRuns: true,
  signal: true,
};

/** What any run takes, of whatever else the options hold, for one whose progress nobody is to see. */
export function withoutProgress(options: SilentOptions): SilentOptions {
  const names = Object.keys(SILENT_OPTIONS) as (keyof SilentOptions)[];
  return given(Object.fromEntries(names.map((name) => [name, options[name]])));
}

/** Measures phases that follow each other. */
export class Stopwatch {
  readonly seconds: Record<string, number> = {};
  #last = performance.now();

  /** Adds the time since the last call to a phase. */
  lap(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = (this.seconds[phase] ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
  }
}
