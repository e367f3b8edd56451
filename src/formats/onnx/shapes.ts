import type { Constant } from './constant.js';
import type { OnnxNode } from './node.js';

/** The size of an axis: `rows` is that of the rows of features; undefined is not fixed in the file. */
export type Size = number | 'rows' | undefined;

/** Whole numbers that depend on the shape of the input, not on its values. */
export interface ShapeValue {
  readonly kind: 'shape';
  readonly sizes: readonly Size[];
  /** Of rank 0: a single size. */
  readonly isScalar: boolean;
}

/** The product of the sizes other than that of the rows; undefined where one is not fixed. */
export function featuresOf(dims: readonly Size[]): number | undefined {
  return dims
    .filter((size) => size !== 'rows')
    .reduce<number | undefined>(
      (product, size) => (product === undefined || size === undefined ? undefined : product * size),
      1,
    );
}

/** An axis as it is counted from 0; negative ones count from behind. */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(counted) && counted >= 0 && counted < rank) return counted;
  throw node.invalid(`has the axis ${axis} for ${rank} axes`);
}

/** The axes that an operator names by an attribute, or since opset 13 by its second input. */
export function axesOf(node: OnnxNode, given: Constant | undefined): readonly number[] | undefined {
  return given ? [...given.values] : node.integers('axes');
}

/** The shape after an operator that only adds or removes axes of size 1. */
export function reshaped<T extends Size>(
  node: OnnxNode,
  dims: readonly T[],
  axes: readonly number[] | undefined,
): (T | 1)[] {
  if (node.operator === 'Squeeze') {
    const removed = new Set(axes?.map((axis) => axisOf(node, axis, dims.length)));
    if (axes === undefined) return dims.filter((size) => size !== 1);
    const kept = dims.find((size, axis) => removed.has(axis) && size !== 1);
    if (dims.some((size, axis) => removed.has(axis) && size !== 1)) {
      throw node.unsupported(`removes an axis of size ${kept ?? 'unknown'}, not 1`);
    }
    return dims.filter((_, axis) => !removed.has(axis));
  }
  if (!axes) throw node.invalid('has no axes');
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (added.size < axes.length) throw node.invalid(`has an axis twice: ${axes}`);
  const rest = dims.values();
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.next().value!));
}

/** What an operator makes of sizes, e.g. `x.view(x.size(0), -1)` of the shape of x. */
export function foldShape(
  node: OnnxNode,
  values: readonly (ShapeValue | Constant | undefined)[],
): ShapeValue {
  const [first, second] = values;
  const sizes = sizesOf(node, first);
  switch (node.operator) {
    case 'Identity':
    case 'Cast':
      return { kind: 'shape', sizes, isScalar: isScalar(first) };
    case 'Squeeze':
      if (sizes.length !== 1) throw node.unsupported('makes a single size of several');
      return { kind: 'shape', sizes, isScalar: true };
    case 'Unsqueeze':
      return { kind: 'shape', sizes, isScalar: false };
    case 'Gather': {
      const at = numbersOf(node, second).map((index) => axisOf(node, index, sizes.length));
      const picked = at.map((index) => sizes[index]);
      return { kind: 'shape', sizes: picked, isScalar: isScalar(second) };
    }
    case 'Slice': {
      const [start = 0, end = 0] = sliceEnds(node, values);
      const [axis = 0] = values[3] ? numbersOf(node, values[3]) : (node.integers('axes') ?? [0]);
      const [step = 1] = values[4] ? numbersOf(node, values[4]) : [1];
      if (axisOf(node, axis, 1) !== 0 || step !== 1) break;
      return { kind: 'shape', sizes: sizes.slice(start, end), isScalar: false };
    }
    case 'Concat': {
      const all = values.flatMap((value) => [...sizesOf(node, value)]);
      return { kind: 'shape', sizes: all, isScalar: false };
    }
    case 'Mul': {
      const others = sizesOf(node, second);
      const count = Math.max(sizes.length, others.length);
      const at = (list: readonly Size[], i: number) => list[list.length === 1 ? 0 : i];
      const products = Array.from({ length: count }, (_, i) => times(at(sizes, i), at(others, i)));
      return { kind: 'shape', sizes: products, isScalar: isScalar(first) && isScalar(second) };
    }
    case 'ReduceProd':
      return { kind: 'shape', sizes: [sizes.reduce<Size>(times, 1)], isScalar: false };
  }
  throw node.unsupported('computes with the shape of the input in a way that is not followed');
}

/** Sizes as the second input of a Reshape gives them; -1 is the rest, 0 what was there. */
export function sizesOf(node: OnnxNode, value: ShapeValue | Constant | undefined): readonly Size[] {
  return value?.kind === 'shape' ? value.sizes : numbersOf(node, value);
}

function numbersOf(node: OnnxNode, value: ShapeValue | Constant | undefined): number[] {
  if (value?.kind !== 'constant' || value.texts) {
    throw node.unsupported('needs whole numbers that are stored in the file');
  }
  return [...value.values];
}

function sliceEnds(node: OnnxNode, values: readonly (ShapeValue | Constant | undefined)[]) {
  if (node.has('starts')) return [node.integers('starts')?.[0], node.integers('ends')?.[0]];
  return [numbersOf(node, values[1])[0], numbersOf(node, values[2])[0]];
}

function isScalar(value: ShapeValue | Constant | undefined): boolean {
  return value?.kind === 'shape' ? value.isScalar : value?.dims.length === 0;
}

function times(a: Size, b: Size): Size {
  if (a === 1) return b;
  if (b === 1) return a;
  return typeof a === 'number' && typeof b === 'number' ? a * b : undefined;
}
