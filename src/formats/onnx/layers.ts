import type { LinearMap } from './affine-fold.js';
import type { Constant, ImportBudget } from './constant.js';
import type { OnnxNode } from './node.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';
import type { RowsValue } from './rows.js';
import type { Size } from './shapes.js';

/** The inputs of an operator on rows. */
export interface RowInputs {
  readonly rows: RowsValue;
  /** Which input the rows are. */
  readonly at: number;
  /** All inputs that are constants; undefined at the place of the rows, or where left out. */
  readonly constants: readonly (Constant | undefined)[];
}

/** alpha A B + beta C, either of A and B being the rows. */
export function gemm(node: OnnxNode, inputs: RowInputs, budget: ImportBudget): RowsValue {
  const { rows, at, constants } = inputs;
  const isTransposed = [0, 1].map((i) => node.integer(i === 0 ? 'transA' : 'transB', 0) !== 0);
  const other = 1 - at;
  const matrix = weightsOf(node, constants[other], other);
  if (rows.dims.length !== 2) {
    throw node.unsupported(`must read rows of features, but they have ${rows.dims.length} axes`);
  }
  const operand = isTransposed[at] ? rows.transposed(node, [1, 0], budget) : rows;
  if (operand.dims[at] !== 'rows') {
    throw node.unsupported('must leave the rows apart, but adds up over them');
  }
  // Rows on the left take the columns of a matrix as units; rows on the right its rows.
  const weights = isTransposed[other] === (at === 0) ? matrix : turned(matrix, budget);
  const alpha = node.float('alpha', 1);
  const [outputs] = weights.dims as [number];
  const map = {
    ...linearMap(node, weights),
    ...(alpha !== 1 && { weight: weights.values.map((weight) => alpha * weight) }),
    bias: biasOf(node, constants[2], at, outputs, budget),
  };
  return operand.linear(node, map, at === 0 ? ['rows', outputs] : [outputs, 'rows'], budget);
}

/** A product with a stored matrix on either side. */
export function matMul(node: OnnxNode, inputs: RowInputs, budget: ImportBudget): RowsValue {
  const { rows, at, constants } = inputs;
  const other = 1 - at;
  const { dims } = rows;
  const operand = constants[other];
  if (at === 1) {
    const matrix = weightsOf(node, operand, other);
    if (dims.length !== 2 || dims[1] !== 'rows') {
      throw node.unsupported('must leave the rows apart, but adds up over them');
    }
    return rows.linear(node, linearMap(node, matrix), [matrix.dims[0], 'rows'], budget);
  }
  const isVector = operand?.dims.length === 1;
  const matrix = isVector
    ? { ...operand, dims: [operand.dims[0]!, 1] }
    : weightsOf(node, operand, other);
  const [outer, inner] = [dims.slice(0, -1), dims.at(-1)];
  if (inner === 'rows' || outer.some((size) => size !== 'rows' && size !== 1)) {
    throw node.unsupported('must read all the values of a row, but reads only its last axis');
  }
  const after: Size[] = isVector ? outer : [...outer, matrix.dims[1]];
  return rows.linear(node, linearMap(node, turned(matrix, budget)), after, budget);
}

/** Batch normalization with the statistics in the file: a scale and an offset for each channel. */
export function batchNormalization(
  node: OnnxNode,
  { rows, constants }: RowInputs,
  budget: ImportBudget,
): RowsValue {
  const isTraining =
    node.integer('training_mode', 0) !== 0 || node.outputs.slice(1).some((name) => name !== '');
  if (isTraining) {
    throw node.unsupported('takes the statistics of the batch: export the model after `eval()`');
  }
  const [, gamma, beta, mean, variance] = constants;
  const isPlain = rows.dims[0] === 'rows' && node.integer('spatial', 1) === 1;
  if (!gamma || !beta || !mean || !variance || !isPlain) {
    throw node.unsupported('must normalize the second axis with statistics stored in the file');
  }
  const channels = gamma.values.length;
  if ([beta, mean, variance].some(({ values }) => values.length !== channels)) {
    throw node.invalid(`has statistics of different sizes`);
  }
  const epsilon = node.float('epsilon', 1e-5);
  const scales = gamma.values.map((value, c) => value / Math.sqrt(variance.values[c]! + epsilon));
  const dims = [channels, ...rows.dims.slice(2).map(() => 1)];
  const scale = { ...gamma, dims, values: scales };
  const values = beta.values.map((value, c) => value - mean.values[c]! * scales[c]!);
  return rows.scaled(node, { scale, offset: { ...beta, dims, values } }, budget);
}

/** The Scaler of ONNX-ML: (x - offset) scale, in float32 whatever x is. */
export function scaler(node: OnnxNode, { rows }: RowInputs, budget: ImportBudget): RowsValue {
  const [offsets = [0], scales = [1]] = [node.floats('offset'), node.floats('scale')];
  const vector = (list: readonly number[]): Constant => {
    const values = Float64Array.from(list);
    return { kind: 'constant', type: Type.FLOAT, dims: [list.length], values };
  };
  const scale = vector(scales);
  const count = Math.max(offsets.length, scales.length);
  const products = Array.from({ length: count }, (_, i) => {
    const [o, s] = [offsets, scales].map((list) => list[list.length === 1 ? 0 : i]);
    return -(o ?? Number.NaN) * (s ?? Number.NaN);
  });
  return rows.withType(Type.FLOAT).scaled(node, { scale, offset: vector(products) }, budget);
}

/** The linear map of a LinearClassifier of ONNX-ML, with a row of weights for each class. */
export function linearClassifierMap(node: OnnxNode): LinearMap {
  const weights = node.floats('coefficients') ?? [];
  const outputs = node.floats('intercepts')?.length ?? 0;
  const inputs = weights.length / outputs;
  if (!Number.isInteger(inputs) || inputs < 1) {
    throw node.invalid(`has ${weights.length} coefficients for ${outputs} intercepts`);
  }
  return {
    ...{ kind: 'linear', name: `${node}`, inputs, outputs },
    weight: Float64Array.from(weights),
    bias: Float64Array.from(node.floats('intercepts')!),
  };
}

/** @param matrix [outputs, inputs] */
function linearMap(node: OnnxNode, matrix: Constant): LinearMap {
  const [outputs, inputs] = matrix.dims as [number, number];
  const bias = new Float64Array(outputs);
  return { kind: 'linear', name: `${node}`, inputs, outputs, weight: matrix.values, bias };
}

/** A stored matrix, of which leading axes of size 1 do not matter. */
function weightsOf(node: OnnxNode, constant: Constant | undefined, input: number): Constant {
  const { dims = [] } = constant ?? {};
  const isMatrix = dims.length >= 2 && dims.slice(0, -2).every((size) => size === 1);
  if (constant && !constant.texts && isMatrix) return { ...constant, dims: dims.slice(-2) };
  throw node.unsupported(
    `has the weights ${node.inputs[input] ?? ''} of shape [${dims}], not a matrix`,
  );
}

function biasOf(
  node: OnnxNode,
  constant: Constant | undefined,
  at: number,
  outputs: number,
  budget: ImportBudget,
): Float64Array {
  const bias = budget.allocate(outputs);
  if (!constant) return bias;
  const { dims, values } = constant;
  const [rows, columns] = dims.length === 2 ? (dims as [number, number]) : [1, dims[0] ?? 1];
  const [single, own] = at === 0 ? [rows, columns] : [columns, rows];
  if (dims.length > 2 || single !== 1 || (own !== 1 && own !== outputs)) {
    throw node.invalid(`has the bias ${node.inputs[2]} of shape [${dims}] for ${outputs} outputs`);
  }
  const beta = node.float('beta', 1);
  return bias.map((_, j) => beta * values[own === 1 ? 0 : j]!);
}

/** A matrix with its axes exchanged. */
function turned(matrix: Constant, budget: ImportBudget): Constant {
  const [rows, columns] = matrix.dims as [number, number];
  const values = budget.allocate(matrix.values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[column * rows + row] = matrix.values[row * columns + column]!;
    }
  }
  return { ...matrix, dims: [columns, rows], values };
}
