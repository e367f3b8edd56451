import { describeValue, isInstance } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireRawValues } from './encoding/column-encoding.js';
import { type InputMap, nativeEncoding } from './encoding/input-map.js';
import { RawValues } from './encoding/raw-values.js';
import { cellsOf, type FeatureRecord } from './encoding/records.js';
import type { ModelFacts } from './model-facts.js';
import { callNative } from './native.js';

/**
 * A few rows for a model: float32 [rows, inputs], raw bytes, or, where the model encodes its columns,
 * raw float32 values [rows, columns]; or objects of values by the columns' names.
 */
export type PredictInputs = Float32Array | Uint8Array | readonly FeatureRecord[];

/**
 * The features that the network reads: float32 [rows, inputs] or bytes.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function featuresOf(
  inputs: PredictInputs,
  facts: ModelFacts,
  width: number,
): Float32Array | Uint8Array {
  const { inputMap } = facts;
  const columns = inputMap?.columns.length ?? width;
  const values = Array.isArray(inputs) ? namedValues(inputs, facts, columns) : inputs;
  if (!isInstance(values, Float32Array) && (!isInstance(values, Uint8Array) || inputMap)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      inputMap
        ? `inputs must be a Float32Array of raw values or an array of objects, but is ${describeValue(inputs)}`
        : `inputs must be a Float32Array or a Uint8Array, but is ${describeValue(inputs)}`,
    );
  }
  if (values.length === 0 || values.length % columns !== 0) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `inputs must hold rows of ${columns} features, but hold ${values.length} values`,
    );
  }
  if (!inputMap) return values;
  const raw = values as Float32Array;
  // What no data set of the model would hold must not be answered either; records are read as such.
  if (values === inputs) requireRawValues(inputMap.columns, raw, facts.featureNames);
  return callNative(() => nativeEncoding(inputMap).encode({ features: raw }));
}

/** Reads objects by the columns' names. Made once for each map, because categories are looked up. */
const READERS = new WeakMap<InputMap, RawValues>();

function readerOf(map: InputMap | undefined, columns: number): RawValues {
  if (!map) return new RawValues(Array.from({ length: columns }, () => ({ kind: 'number' })));
  const known = READERS.get(map) ?? new RawValues(map.columns);
  READERS.set(map, known);
  return known;
}

function namedValues(
  records: readonly FeatureRecord[],
  { inputMap, featureNames }: ModelFacts,
  columns: number,
): Float32Array {
  const reader = readerOf(inputMap, columns);
  const values = new Float32Array(records.length * columns);
  for (const [row, record] of records.entries()) {
    const cells = cellsOf(`inputs[${row}]`, record, featureNames);
    for (const [column, cell] of cells.entries()) {
      values[row * columns + column] = reader.value(column, cell, (expected) => {
        const name = featureNames![column];
        return new LetheError(
          'ERR_INVALID_ARGUMENT',
          `${name} of inputs[${row}] must be ${expected}, but is ${describeValue(cell)}`,
        );
      });
    }
  }
  return values;
}
