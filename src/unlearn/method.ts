import { requireInstance, requireObject } from '../base/arguments.js';
import { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import type { PhasedOptions, PhaseProgress } from '../engine/phases.js';
import { RowSet, type Rows } from '../engine/row-set.js';

/** What is to be forgotten, and by whom. */
export interface UnlearningRequest {
  /** The trained model; a method never changes it. */
  readonly model: Model;
  readonly dataset: Dataset;
  /** Rows to forget. */
  readonly forget: Rows;
  /** Rows to keep; disjoint from `forget`. */
  readonly retain: Rows;
}

/** How far a method has come. */
export type UnlearningProgress = PhaseProgress;

/** What every method takes. */
export type UnlearningOptions = PhasedOptions;

export interface UnlearningResult {
  /** A new model that has forgotten, as far as the method goes. */
  readonly model: Model;
  /** Steps that changed parameters. */
  readonly steps: number;
  /** Seconds by phase, e.g. `train`, or `fisher` and `scrub`. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Of the whole method; zeros of the input are counted like other values. */
  readonly multiplyAdds: number;
}

/**
 * One way to forget. Every method throws ERR_INVALID_ROWS, ERR_EMPTY_SET (nothing to forget, or nothing
 * left), ERR_INVALID_ARGUMENT, ERR_BUSY, ERR_ABORTED, ERR_DIVERGED, ERR_OUT_OF_MEMORY, ERR_NO_DEVICE or
 * ERR_DEVICE_FAILED.
 */
export type UnlearningMethod<
  Options extends UnlearningOptions,
  Result extends UnlearningResult = UnlearningResult,
> = (request: UnlearningRequest, options?: Options) => Promise<Result>;

/** A request's rows. */
export interface Split {
  readonly forget: RowSet;
  readonly retain: RowSet;
}

/** The request's rows, checked: known, each given once, in one of the two sets only, neither set empty. */
export function checkSplit(request: UnlearningRequest): Split {
  const { model, dataset } = requireObject('request', request);
  requireInstance('model', model, Model);
  requireInstance('dataset', dataset, Dataset);
  const forget = dataset.nonEmptyRowSet(request.forget, 'forget set');
  const retain = dataset.nonEmptyRowSet(request.retain, 'retain set');
  RowSet.disjoint(dataset, forget, retain);
  return { forget, retain };
}
