import {
  type KnownFields,
  requireArray,
  requireFinite,
  requireKnownFields,
  requireObject,
  requirePositive,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { callNative, type NativeInputEncoding } from '../native.js';
import {
  type CategoryColumn,
  type ColumnEncoding,
  checkEncoding,
  inputsOf,
  type NumberColumn,
} from './column-encoding.js';

/** A column of numbers with what was fitted on the rows that a model was trained on; all float32. */
export interface FittedNumber extends NumberColumn {
  /** Stands for a missing value, where values may be missing. */
  readonly fill?: number;
  /** Inputs are (value - centre) / scale, where the column is standardized. */
  readonly centre?: number;
  readonly scale?: number;
}

export type FittedColumn = FittedNumber | CategoryColumn;

/**
 * How a model takes raw values: the data set's encoding, with the statistics of the rows that the
 * model was trained on. Like the parameters, it is fitted anew in an exact retrain.
 */
export interface InputMap {
  readonly columns: readonly FittedColumn[];
}

const FITTED: KnownFields<Pick<FittedNumber, 'fill' | 'centre' | 'scale'>> = {
  ...{ fill: true, centre: true, scale: true },
};

/** Maps that have been checked: they are frozen, and so stay what they are. */
const CHECKED = new WeakMap<InputMap, { readonly json: string; native?: NativeInputEncoding }>();

/**
 * A frozen copy; itself if it has been checked before.
 *
 * @param inputs of the model
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function checkInputMap(wanted: InputMap, inputs: number): InputMap {
  const map = CHECKED.has(wanted) ? wanted : newInputMap(wanted);
  const found = inputsOf(map.columns);
  if (found === inputs) return map;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `the input map makes ${found} inputs of ${map.columns.length} columns, but the model takes ` +
      `${inputs}`,
  );
}

function newInputMap(wanted: InputMap): InputMap {
  const { columns } = requireKnownFields('inputMap', wanted, { columns: true });
  const given = requireArray('inputMap.columns', columns).map((column, i) =>
    requireObject(`inputMap.columns[${i}]`, column),
  );
  const encoding = checkEncoding(given.map(withoutFit), given.length);
  const fitted = encoding.map((column, i) =>
    column.kind === 'number'
      ? withFit(`inputMap.columns[${i}]`, column, given[i] as FittedNumber)
      : column,
  );
  const map = Object.freeze({ columns: Object.freeze(fitted) });
  CHECKED.set(map, { json: JSON.stringify(map) });
  return map;
}

/** The encoding that a column was fitted by. */
function withoutFit(column: FittedColumn): ColumnEncoding {
  if (column.kind !== 'number') return column;
  const { fill: _, centre: __, scale: ___, ...encoding } = column;
  return encoding;
}

function withFit(name: string, column: NumberColumn, given: FittedNumber): FittedNumber {
  const wanted = {
    fill: column.missing !== undefined,
    centre: column.standardize === true,
    scale: column.standardize === true,
  };
  const values = Object.entries(wanted).flatMap(([field, isFitted]) => {
    const value = given[field as keyof typeof FITTED];
    if (!isFitted && value === undefined) return [];
    if (!isFitted) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `${name} has a ${field}, which its encoding does not call for`,
      );
    }
    const check = field === 'scale' ? requirePositive : requireFinite;
    // Adding 0 makes 0 of -0, which JSON does not tell apart: a saved map would be another one.
    return [[field, Math.fround(check(`${name}.${field}`, value!)) + 0]];
  });
  return Object.freeze({ ...column, ...Object.fromEntries(values) });
}

/** The map as JSON, in which equal maps are equal. @param map one that has been checked */
export function inputMapJson(map: InputMap): string {
  return CHECKED.get(map)!.json;
}

/** The first column that it was not fitted by; undefined if there is none. */
export function differentColumn(
  { columns }: InputMap,
  encoding: readonly ColumnEncoding[],
): number | undefined {
  const count = Math.max(columns.length, encoding.length);
  for (let i = 0; i < count; i++) {
    const own = columns[i];
    if (!own || JSON.stringify(withoutFit(own)) !== JSON.stringify(encoding[i])) return i;
  }
  return undefined;
}

/** The map in the engine. @param map one that has been checked */
export function nativeEncoding(map: InputMap): NativeInputEncoding {
  const known = CHECKED.get(map)!;
  known.native ??= callNative((addon) => new addon.InputEncoding(nativeColumns(map)));
  return known.native;
}

function nativeColumns({ columns }: InputMap) {
  const numbers = columns.map((column) => (column.kind === 'number' ? column : undefined));
  return {
    isCategory: Uint8Array.from(columns, ({ kind }) => Number(kind === 'category')),
    hasIndicator: Uint8Array.from(columns, ({ indicator }) => Number(indicator)),
    fills: Float32Array.from(numbers, (column) => column?.fill ?? 0),
    centres: Float32Array.from(numbers, (column) => column?.centre ?? 0),
    scales: Float32Array.from(numbers, (column) => column?.scale ?? 1),
    categories: Uint32Array.from(columns, (column) =>
      column.kind === 'category' ? column.categories.length : 0,
    ),
  };
}
