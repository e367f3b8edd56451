import { isInstance, requireObject } from './arguments.js';

const TYPED_ARRAYS = [Float32Array, Float64Array, Uint32Array, Uint8Array] as const;

/** Options nest no deeper; what refers to itself must end somewhere. */
const DEEPEST = 4;

/** A longer list is no option: whoever reads it refuses it. */
const MOST_ELEMENTS = 2 ** 24;

/**
 * A copy of plain objects, lists and typed arrays, and of those in them, for a run that reads them
 * after it has waited. Anything else, such as a model or a signal, is itself.
 */
export function copied<T>(value: T, depth = 0): T {
  return copyOf(value, depth) as T;
}

/** As `copied`, of an object of any class: inherited fields count as own ones. */
export function copiedFields<T extends object>(name: string, value: T, depth = 0): T {
  const fields: Record<string, unknown> = {};
  for (const key in requireObject(name, value)) fields[key] = copied(value[key], depth + 1);
  return fields as T;
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) {
    return value.length > MOST_ELEMENTS ? value : value.map((item) => copyOf(item, depth + 1));
  }
  // One that has lost its buffer has no values, but cannot be copied either.
  const type = TYPED_ARRAYS.find((known) => isInstance<object>(value, known));
  if (type) return (value as Uint8Array).length === 0 ? new type(0) : new type(value as Uint8Array);
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain ? copiedFields('value', value, depth) : value;
}
