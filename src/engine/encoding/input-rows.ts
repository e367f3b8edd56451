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
  requireEncoding(inputMap, dataset);
  return inputMap ? encodedBy(dataset, inputMap, threads) : dataset;
}

/**
 * Requires that raw values are encoded as those that a map was fitted on, and that inputs need no map.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireEncoding(inputMap: InputMap | undefined, dataset: Dataset): void {
  const { name, encoding, featureNames } = dataset;
  // These are inputs already.
  if (dataset.inputMap) return;
  if (!inputMap) {
    dataset.requireInputs();
    return;
  }
  const column = encoding && differentColumn(inputMap, encoding);
  if (encoding && column === undefined) return;
  const problem =
    column === undefined
      ? `the model encodes raw values, but the columns of ${name} have no encoding`
      : `column ${featureNames?.[column] ?? column} of ${name} is encoded otherwise than the model was ` +
        'trained on';
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${problem}: make the data set with the encoding of the one that it was trained on`,
  );
}
