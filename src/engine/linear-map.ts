import {
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { indicesBelow } from '../base/indices.js';
import { requireMemory } from '../base/memory.js';
import { Dataset, derived, whileReading } from './dataset.js';
import { IDENTITY } from './labelled-data.js';
import { MOST_UNITS } from './layout.js';
import { Model } from './model.js';
import { handleOf } from './network.js';
import type { Rows } from './row-set.js';
import { RUN_OPTIONS, type RunOptions, runNative } from './run.js';

/**
 * x -> W x + b on the inputs of a network, fixed before training: a projection (principal
 * components, a discrete cosine transform) or a standardization. A smaller network is trained on
 * the mapped rows; folding the map into its first layer gives a model of the original inputs.
 */
export interface LinearMap {
  /** W, float32, row-major [outputs, inputs], or [outputs, columns] if `columns` is given. */
  readonly weights: Float32Array;
  /** b, float32 [outputs]; -W times the mean to centre the inputs. */
  readonly bias: Float32Array;
  /** The inputs that the map reads, each at most once; default: all. */
  readonly columns?: Uint32Array;
}

export interface MapOptions extends RunOptions {
  /** The rows to map, in the order of the result; default: all. */
  readonly rows?: Rows;
}

const LINEAR_MAP: KnownFields<LinearMap> = { weights: true, bias: true, columns: true };
const MAP_OPTIONS: KnownFields<MapOptions> = { ...RUN_OPTIONS, rows: true };

/**
 * A data set of the mapped rows: float32 features, the same labels, classes and subjects; the same
 * ids, if the rows are given in ascending order. Progress counts rows.
 *
 * @param map a map of the network's inputs; byte features go through their affine map first
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_ABORTED,
 * ERR_DIVERGED (a mapped value is not finite), ERR_OUT_OF_MEMORY
 */
export async function mapDataset(
  dataset: Dataset,
  map: LinearMap,
  options: MapOptions = {},
): Promise<Dataset> {
  requireInstance('dataset', dataset, Dataset).requireInputs();
  const { columns, weights, bias, outputs } = checkMap(map, dataset.columns);
  const { rows: wanted = dataset.allRows(), ...run } = requireKnownFields(
    'options',
    options,
    MAP_OPTIONS,
  );
  const rows = dataset.nonEmptyRowSet(wanted, 'set of rows');
  const { positions } = rows;
  return whileReading(dataset, async () => {
    const handle = await runNative(run, (addon, { threads }, onProgress) =>
      addon.mapRows(
        { source: dataset.handle, rows: positions, columns, weights, bias, threads },
        onProgress,
      ),
    );
    return derived(dataset, rows, handle, {
      name: `${dataset.name}, mapped to ${outputs} features`,
      columns: outputs,
      featureNames: undefined,
      affine: IDENTITY,
      mappedBy: undefined,
    });
  });
}

export interface FoldOptions extends RunOptions {
  /** The number of inputs of the map; required if the map has `columns`. */
  readonly inputs?: number;
}

const FOLD_OPTIONS: KnownFields<FoldOptions> = { ...RUN_OPTIONS, inputs: true };

/**
 * A model of the original inputs: its first layer has the weights W1 W, 0 for inputs that the map
 * does not read, and the biases b1 + W1 b. Its logits equal those of `model` on mapped inputs up to
 * rounding, not bit for bit. Progress counts the units of the first layer.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_BUSY, ERR_ABORTED, ERR_DIVERGED (a folded value is
 * not finite), ERR_OUT_OF_MEMORY
 */
export async function foldLinearMap(
  model: Model,
  map: LinearMap,
  options: FoldOptions = {},
): Promise<Model> {
  requireInstance('model', model, Model);
  const { inputs: wanted, ...run } = requireKnownFields('options', options, FOLD_OPTIONS);
  const inputs =
    wanted === undefined ? inputsOf(map) : requireInteger('inputs', wanted, 1, MOST_UNITS);
  const { columns, weights, bias, outputs } = checkMap(map, inputs);
  const [components, hidden, ...above] = model.widths as [number, number, ...number[]];
  if (outputs !== components) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the map has ${outputs} outputs, but the model has ${components} inputs`,
    );
  }
  requireMemory('the folded model', 3 * Float32Array.BYTES_PER_ELEMENT * hidden * inputs);
  const handle = await runNative(run, (addon, { threads }, onProgress) =>
    addon.foldLinearMap(
      { model: handleOf(model), columns, weights, bias, inputs, threads },
      onProgress,
    ),
  );
  return Model.fromHandle([inputs, hidden, ...above], handle);
}

function inputsOf(map: LinearMap): number {
  const { weights, bias, columns } = requireKnownFields('map', map, LINEAR_MAP);
  if (columns !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'the map reads only some columns: give the number of its inputs as the option `inputs`',
    );
  }
  requireInstance('the weights of the map', weights, Float32Array);
  requireInstance('the bias of the map', bias, Float32Array);
  return weights.length / bias.length;
}

/** Checks the map; the list of columns that it reads is a copy that the caller cannot change. */
function checkMap(map: LinearMap, inputs: number) {
  const { weights, bias, columns } = requireKnownFields('map', map, LINEAR_MAP);
  requireInstance('the weights of the map', weights, Float32Array);
  requireInstance('the bias of the map', bias, Float32Array);
  if (columns !== undefined) {
    requireInstance('the columns of the map', columns, Uint32Array);
    const known = new Set(columns).size === columns.length && columns.every((c) => c < inputs);
    if (!known) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the columns of the map must be among ${inputs} inputs, each given once`,
      );
    }
  }
  const read = columns?.length ?? inputs;
  const outputs = bias.length;
  if (outputs === 0 || read === 0 || !Number.isInteger(read) || weights.length !== read * outputs) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the weights of the map must be outputs x inputs values, at least one of each: ${outputs} x ` +
        `${Number.isInteger(read) ? read : 'a whole number'}, but there are ${weights.length}`,
    );
  }
  return { weights, bias, outputs, columns: columns?.slice() ?? indicesBelow(inputs) };
}
