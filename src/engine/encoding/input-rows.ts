import { availableThreads } from '../../base/available-threads.js';
import { LetheError } from '../../base/errors.js';
import { type Dataset, encodedBy } from '../dataset.js';
import { differentColumn, type InputMap, inputMapJson } from './input-map.js';

/** What takes rows: a model, or a network within a run. */
interface Taker {
  readonly inputMap: InputMap | undefined;
}

/**
 * The inputs of a network for the rows of a data set: these themselves, or, where their columns are
 * encoded, a data set of the same rows that the network's map makes of them. One that is inputs
 * already is taken as it is.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: the rows are encoded otherwise than the network expects
 */
export function inputRows(
  { inputMap }: Taker,
  dataset: Dataset,
  threads = availableThreads(),
): Dataset | Promise<Dataset> {
  if (dataset.inputMap) {
    // A network within a run need not know by which map its inputs were made.
    if (!inputMap || inputMapJson(inputMap) === inputMapJson(dataset.inputMap)) return dataset;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the inputs of ${dataset.name} were made by another model's map`,
    );
  }
  if (!inputMap) {
    dataset.requireInputs();
    return dataset;
  }
  if (dataset.encoding && differentColumn(inputMap, dataset.encoding) === undefined) {
    return encodedBy(dataset, inputMap, threads);
  }
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `the network encodes raw values, but ${dataset.name} is not encoded as what it was trained on`,
  );
}
