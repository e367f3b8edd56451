import type { Stopwatch } from '../base/stopwatch.js';
import type { Dataset } from '../engine/dataset.js';
import type { RowSet } from '../engine/row-set.js';

/** What every recipe is given. */
export interface TrainingRun {
  /** Inputs, hidden layers, classes. */
  readonly widths: readonly number[];
  readonly dataset: Dataset;
  /** The rows to train on; no other row is read. */
  readonly rows: RowSet;
  readonly seed: number;
  readonly watch: Stopwatch;
}

/** What a recipe has done. */
export interface TrainingWork {
  /** Steps of all networks that are part of the model. */
  readonly steps: number;
  readonly multiplyAdds: number;
  /** Its decisions, one line each. */
  readonly reasons: readonly string[];
}
