import { product } from './affine-fold.js';
import { type Constant, type ExternalFiles, type ImportBudget, readTensor } from './constant.js';
import type { OnnxNode } from './node.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';
import { reasonAgainst } from './refusals.js';
import { isFloat } from './rows.js';
import { axesOf, axisOf, reshaped } from './shapes.js';

/** Where constants are read from, and what they may take. */
export interface FoldingContext {
  readonly file: string;
  readonly budget: ImportBudget;
  readonly files: ExternalFiles;
}

type Binary = (a: number, b: number) => number;

const BINARY: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ['Add', (a, b) => a + b],
  ['Sub', (a, b) => a - b],
  ['Mul', (a, b) => a * b],
  ['Div', (a, b) => a / b],
]);

const UNARY: ReadonlyMap<string, (a: number) => number> = new Map([
  ['Neg', (a) => -a],
  ['Sqrt', Math.sqrt],
  ['Reciprocal', (a) => 1 / a],
  ['Exp', Math.exp],
]);

/**
 * The result of an operator that reads only constants. Arithmetic is in double precision.
 *
 * @param values its inputs; undefined where one is left out
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: an operator that is not computed while a file is read.
 * ERR_INVALID_MODEL: shapes that do not fit. ERR_OUT_OF_MEMORY.
 */
export function foldConstants(
  node: OnnxNode,
  values: readonly (Constant | undefined)[],
  context: FoldingContext,
): Constant {
  if (node.operator === 'Constant') return storedConstant(node, context);
  const [first, second] = values;
  if (!first) throw node.unsupported('has no input that is stored in the file');
  const { budget } = context;
  const unary = UNARY.get(node.operator);
  if (unary) return { ...first, values: numbersOf(node, first).map(unary) };
  const binary = BINARY.get(node.operator);
  if (binary) return elementwise(node, binary, [first, requireSecond(node, second)], budget);
  switch (node.operator) {
    case 'Identity':
      return first;
    case 'Shape':
      return vectorOf(Type.INT64, first.dims);
    case 'Cast':
      return cast(node, first);
    case 'Transpose':
      return transposed(node, first, budget);
    case 'Squeeze':
    case 'Unsqueeze':
      return { ...first, dims: reshaped(node, first.dims, axesOf(node, second)) };
    case 'Flatten':
      return flattened(node, first);
    case 'Reshape':
      return withShape(node, first, requireSecond(node, second));
    case 'ConstantOfShape':
      return filled(node, first, context);
    case 'Gather':
      return gathered(node, first, requireSecond(node, second), budget);
    case 'Concat':
      return concatenated(node, values, budget);
    case 'MatMul':
      return multiplied(node, first, requireSecond(node, second), budget);
  }
  throw node.unsupported(reasonAgainst(node.operator));
}

function storedConstant(node: OnnxNode, { file, budget, files }: FoldingContext): Constant {
  const name = node.outputs[0]!;
  const tensor = node.tensor('value');
  if (tensor) return readTensor(tensor, { name, file, budget, files });
  const scalar = (type: Type, value: number) => ({ ...vectorOf(type, [value]), dims: [] });
  const texts = node.texts('value_strings');
  if (texts) return { ...vectorOf(Type.STRING, []), dims: [texts.length], texts };
  if (node.has('value_string')) {
    return { ...vectorOf(Type.STRING, []), dims: [], texts: [node.text('value_string', '')] };
  }
  if (node.has('value_float')) return scalar(Type.FLOAT, node.float('value_float', 0));
  if (node.has('value_int')) return scalar(Type.INT64, node.integer('value_int', 0));
  const floats = node.floats('value_floats');
  if (floats) return vectorOf(Type.FLOAT, floats);
  const integers = node.integers('value_ints');
  if (integers) return vectorOf(Type.INT64, integers);
  if (node.has('sparse_value')) return densified(node, { file, budget, files });
  throw node.unsupported('has no value');
}

function vectorOf(type: Type, values: readonly number[]): Constant {
  return { kind: 'constant', type, dims: [values.length], values: Float64Array.from(values) };
}

/** A sparse tensor with its zeros. */
function densified(node: OnnxNode, { file, budget, files }: FoldingContext): Constant {
  const sparse = node.sparseTensor('sparse_value');
  if (!sparse?.values || !sparse.indices) throw node.invalid('has no value');
  const read = (tensor: typeof sparse.values, name: string) =>
    readTensor(tensor!, { name: `${node} ${name}`, file, budget, files });
  const entries = read(sparse.values, 'values');
  const indices = read(sparse.indices, 'indices');
  const dims = sparse.dims.map(Number);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 1)) {
    throw node.invalid(`has the shape [${dims}]`);
  }
  const values = budget.allocate(dims.reduce((count, dim) => count * dim, 1));
  const width = indices.dims.length === 1 ? 1 : dims.length;
  if (indices.values.length !== width * entries.values.length) {
    throw node.invalid(`has ${entries.values.length} values at ${indices.values.length} indices`);
  }
  entries.values.forEach((value, entry) => {
    const place = indices.values.subarray(entry * width, (entry + 1) * width);
    const at =
      width === 1 ? place[0]! : place.reduce((sum, index, axis) => sum * dims[axis]! + index, 0);
    if (!Number.isInteger(at) || at < 0 || at >= values.length) {
      throw node.invalid(`has a value at the index [${place}] of the shape [${dims}]`);
    }
    values[at] = value;
  });
  return { kind: 'constant', type: entries.type, dims, values };
}

function requireSecond(node: OnnxNode, second: Constant | undefined): Constant {
  if (!second) throw node.invalid('lacks its second input');
  return second;
}

function numbersOf(node: OnnxNode, { values, texts }: Constant): Float64Array {
  if (texts) throw node.invalid('computes with texts');
  return values;
}

function elementwise(
  node: OnnxNode,
  operation: Binary,
  [a, b]: readonly [Constant, Constant],
  budget: ImportBudget,
): Constant {
  const rank = Math.max(a.dims.length, b.dims.length);
  const [left, right] = [a, b].map(({ dims }) => [
    ...Array<number>(rank - dims.length).fill(1),
    ...dims,
  ]) as [number[], number[]];
  const dims = left.map((size, axis) => {
    const other = right[axis]!;
    if (size === other || other === 1) return size;
    if (size === 1) return other;
    throw node.invalid(`combines the shapes [${a.dims}] and [${b.dims}]`);
  });
  const [x, y] = [numbersOf(node, a), numbersOf(node, b)];
  const values = budget.allocate(dims.reduce((count, size) => count * size, 1));
  const isWhole = !isFloat(a.type);
  for (let i = 0; i < values.length; i++) {
    let [rest, p, q, strideP, strideQ] = [i, 0, 0, 1, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
      if (left[axis]! > 1) p += strideP * index;
      if (right[axis]! > 1) q += strideQ * index;
      strideP *= left[axis]!;
      strideQ *= right[axis]!;
    }
    const value = operation(x[p]!, y[q]!);
    values[i] = isWhole ? Math.trunc(value) : value;
  }
  return { kind: 'constant', type: a.type, dims, values };
}

/** Half precision stays unrounded: the engine computes more exactly than the file asks for. */
function cast(node: OnnxNode, constant: Constant): Constant {
  const type = node.integer('to', Type.FLOAT);
  const values = numbersOf(node, constant);
  if (type === Type.STRING) {
    return { ...constant, type, values: new Float64Array(), texts: [...values].map(String) };
  }
  if (type === Type.FLOAT) return { ...constant, type, values: values.map(Math.fround) };
  return { ...constant, type, values: isFloat(type) ? values : values.map(Math.trunc) };
}

function transposed(node: OnnxNode, constant: Constant, budget: ImportBudget): Constant {
  const { dims } = constant;
  const rank = dims.length;
  const order = permutationOf(node, rank);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = order.map((axis) => dims[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const values = budget.allocate(constant.values.length);
  for (let i = 0; i < values.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += steps[axis]! * (rest % result[axis]!);
      rest = Math.floor(rest / result[axis]!);
    }
    values[i] = numbersOf(node, constant)[from]!;
  }
  return { ...constant, dims: result, values };
}

/** The order of the axes after a Transpose; by default the reverse. */
export function permutationOf(node: OnnxNode, rank: number): readonly number[] {
  const order = node.integers('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const isPermutation = order.length === rank && new Set(order).size === rank;
  if (isPermutation && order.every((axis) => axis >= 0 && axis < rank)) return order;
  throw node.invalid(`permutes ${rank} axes by [${order}]`);
}

function flattened(node: OnnxNode, constant: Constant): Constant {
  const { dims } = constant;
  const axis = node.integer('axis', 1);
  const at = axis === dims.length ? axis : axisOf(node, axis, dims.length);
  const count = (part: readonly number[]) => part.reduce((product, size) => product * size, 1);
  return { ...constant, dims: [count(dims.slice(0, at)), count(dims.slice(at))] };
}

function withShape(node: OnnxNode, constant: Constant, shape: Constant): Constant {
  const wanted = [...numbersOf(node, shape)];
  const copied = wanted.map((size, axis) =>
    size === 0 && node.integer('allowzero', 0) === 0 ? (constant.dims[axis] ?? 0) : size,
  );
  const count = constant.dims.reduce((product, size) => product * size, 1);
  const known = copied.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const dims = copied.map((size) => (size === -1 ? count / known : size));
  const isWhole = dims.every((size) => Number.isInteger(size) && size > 0);
  if (!isWhole || dims.reduce((product, size) => product * size, 1) !== count) {
    throw node.invalid(`gives [${constant.dims}] the shape [${wanted}]`);
  }
  return { ...constant, dims };
}

function filled(
  node: OnnxNode,
  shape: Constant,
  { file, budget, files }: FoldingContext,
): Constant {
  const tensor = node.tensor('value');
  const value: Constant = tensor
    ? readTensor(tensor, { name: `${node}`, file, budget, files })
    : { kind: 'constant', type: Type.FLOAT, dims: [1], values: new Float64Array(1) };
  const dims = [...numbersOf(node, shape)];
  if (dims.some((size) => size < 1)) throw node.invalid(`has the shape [${dims}]`);
  const count = dims.reduce((product, size) => product * size, 1);
  return { ...value, dims, values: budget.allocate(count).fill(numbersOf(node, value)[0] ?? 0) };
}

function gathered(
  node: OnnxNode,
  constant: Constant,
  indices: Constant,
  budget: ImportBudget,
): Constant {
  const { dims } = constant;
  const axis = axisOf(node, node.integer('axis', 0), dims.length);
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = dims.slice(0, axis).reduce((product, size) => product * size, 1);
  const picked = Array.from(indices.values, (index) => axisOf(node, index, dims[axis]!));
  const values = budget.allocate(outer * picked.length * inner);
  const source = numbersOf(node, constant);
  for (let o = 0; o < outer; o++) {
    picked.forEach((index, i) => {
      const from = (o * dims[axis]! + index) * inner;
      values.set(source.subarray(from, from + inner), (o * picked.length + i) * inner);
    });
  }
  return {
    ...constant,
    dims: [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)],
    values,
  };
}

function concatenated(
  node: OnnxNode,
  parts: readonly (Constant | undefined)[],
  budget: ImportBudget,
): Constant {
  const given = parts.map((part) => requireSecond(node, part));
  const [first] = given as [Constant];
  const axis = axisOf(node, node.integer('axis', 0), first.dims.length);
  const fits = given.every(
    ({ dims }) =>
      dims.length === first.dims.length &&
      dims.every((size, i) => i === axis || size === first.dims[i]),
  );
  if (!fits) throw node.invalid(`joins ${given.map(({ dims }) => `[${dims}]`).join(', ')}`);
  const widths = given.map(({ dims }) => dims.slice(axis).reduce((a, b) => a * b, 1));
  const width = widths.reduce((a, b) => a + b, 0);
  const outer = first.dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const values = budget.allocate(outer * width);
  let start = 0;
  given.forEach((part, i) => {
    const [from, own] = [numbersOf(node, part), widths[i]!];
    for (let o = 0; o < outer; o++) {
      values.set(from.subarray(o * own, (o + 1) * own), o * width + start);
    }
    start += own;
  });
  const joined = given.reduce((sum, { dims }) => sum + dims[axis]!, 0);
  return { ...first, dims: first.dims.with(axis, joined), values };
}

function multiplied(node: OnnxNode, a: Constant, b: Constant, budget: ImportBudget): Constant {
  const [rows, shared] = a.dims;
  const [other, columns] = b.dims;
  if (a.dims.length !== 2 || b.dims.length !== 2 || shared !== other) {
    throw node.unsupported(`multiplies the shapes [${a.dims}] and [${b.dims}], not two matrices`);
  }
  const sizes = [rows!, shared!, columns!] as const;
  const values = product(numbersOf(node, a), numbersOf(node, b), sizes, budget);
  return { kind: 'constant', type: a.type, dims: [rows!, columns!], values };
}
