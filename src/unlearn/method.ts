import { requireInstance, requireObject } from '../base/arguments.js';
import { copiedFields } from '../base/copied.js';
import { Dataset, whileReading } from '../engine/dataset.js';
import { inputRows } from '../engine/encoding/input-rows.js';
import { described, Model } from '../engine/model.js';
import { requireSchema } from '../engine/model-facts.js';
import type { PhasedOptions, PhaseProgress } from '../engine/phases.js';
import { RowSet, type Rows } from '../engine/row-set.js';

/** What to forget, and by which model. */
export interface UnlearningRequest {
  /** The trained model; a method never changes it. */
  readonly model: Model;
  readonly dataset: Dataset;
  /** Rows to forget. */
  readonly forget: Rows;
  /** Rows to keep; disjoint from `forget`. */
  readonly retain: Rows;
}

/** The progress of a method. */
export type UnlearningProgress = PhaseProgress;

/** The options that every method has. */
export type UnlearningOptions = PhasedOptions;

export interface UnlearningResult {
  /** A new model that has forgotten, to the extent that the method promises. */
  readonly model: Model;
  /** Steps that changed parameters. */
  readonly steps: number;
  /** Seconds by phase, e.g. `train`, or `fisher` and `scrub`. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The multiply-adds of the whole method; zeros of the input count like other values. */
  readonly multiplyAdds: number;
}

/**
 * An unlearning method. It may throw ERR_INVALID_ROWS, ERR_EMPTY_SET (an empty forget or retain
 * set), ERR_INVALID_ARGUMENT, ERR_BUSY, ERR_ABORTED, ERR_DIVERGED, ERR_OUT_OF_MEMORY, ERR_NO_DEVICE
 * and ERR_DEVICE_FAILED.
 */
export type UnlearningMethod<
  Options extends UnlearningOptions,
  Result extends UnlearningResult = UnlearningResult,
> = (request: UnlearningRequest, options?: Options) => Promise<Result>;

/** The rows of a request. */
export interface Split {
  readonly forget: RowSet;
  readonly retain: RowSet;
}

/** A request whose fields have been checked. */
export interface CheckedRequest extends Split {
  readonly model: Model;
  readonly dataset: Dataset;
}

/**
 * Checks a request and its rows: two disjoint sets, neither of them empty. Each field is read once,
 * because the caller can change the request while a method waits: a method uses only what this
 * returns.
 */
export function checkRequest(request: UnlearningRequest): CheckedRequest {
  const { model, dataset, forget, retain } = requireObject('request', request);
  requireInstance('model', model, Model);
  requireSchema(model.facts, requireInstance('dataset', dataset, Dataset));
  const split = {
    forget: dataset.nonEmptyRowSet(forget, 'forget set'),
    retain: dataset.nonEmptyRowSet(retain, 'retain set'),
  };
  RowSet.disjoint(dataset, split.forget, split.retain, ['the forget set', 'the retain set']);
  // The rows of the digest are not those that the result will have been trained on.
  return { model: described(model, { dataDigest: undefined }), dataset, ...split };
}

/**
 * Makes a method of what it does with a checked request, while no row can be erased. Where columns are
 * encoded, its data set is the inputs that the model's own map makes of them: the map stays as it is.
 */
export function unlearningMethod<
  Options extends UnlearningOptions,
  Result extends UnlearningResult = UnlearningResult,
>(
  unlearn: (request: CheckedRequest, options: Options) => Promise<Result>,
): UnlearningMethod<Options, Result> {
  return async (request, options = {} as Options) => {
    const checked = checkRequest(request);
    const { model, dataset } = checked;
    return whileReading(dataset, async () => {
      if (!dataset.encoding) return unlearn(checked, options);
      // Copies, because the caller may change both while rows are being encoded.
      const own = { ...checked, model: model.clone() };
      const wanted = copiedFields('options', options);
      return unlearn({ ...own, dataset: await inputRows(model, dataset) }, wanted);
    });
  };
}
