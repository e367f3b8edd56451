import type { Constant, ImportBudget } from './constant.js';
import { permutationOf } from './folding.js';
import { batchNormalization, gemm, matMul, type RowInputs, scaler } from './layers.js';
import type { OnnxNode } from './node.js';
import { reasonAgainst } from './refusals.js';
import { shapeAfter } from './reshape.js';
import { isFloat, type RowsValue } from './rows.js';
import type { ShapeValue } from './shapes.js';

interface RowContext {
  readonly budget: ImportBudget;
  /** The number of rows, where the file fixes it. */
  readonly fixedRows: number | undefined;
}

type RowOperator = (
  node: OnnxNode,
  inputs: RowInputs,
  context: RowContext,
  shape: ShapeValue | Constant | undefined,
) => RowsValue;

/** A bound this large does not bind float32. */
const LARGEST = 3.4028234e38;

const reshape: RowOperator = (node, { rows }, { fixedRows }, shape) =>
  rows.withDims(shapeAfter(node, rows.dims, shape, fixedRows));

const OPERATORS: ReadonlyMap<string, RowOperator> = new Map<string, RowOperator>([
  ['Identity', (_, { rows }) => rows],
  ['Dropout', dropout],
  ['Cast', cast],
  ['Flatten', reshape],
  ['Reshape', reshape],
  ['Squeeze', reshape],
  ['Unsqueeze', reshape],
  [
    'Transpose',
    (node, { rows }, { budget }) =>
      rows.transposed(node, permutationOf(node, rows.dims.length), budget),
  ],
  ['Gemm', (node, inputs, { budget }) => gemm(node, inputs, budget)],
  ['MatMul', (node, inputs, { budget }) => matMul(node, inputs, budget)],
  ['BatchNormalization', (node, inputs, { budget }) => batchNormalization(node, inputs, budget)],
  ['ai.onnx.ml.Scaler', (node, inputs, { budget }) => scaler(node, inputs, budget)],
  [
    'Add',
    (node, inputs, { budget }) =>
      inputs.rows.scaled(node, { offset: operand(node, inputs) }, budget),
  ],
  [
    'Sum',
    (node, inputs, { budget }) =>
      inputs.rows.scaled(node, { offset: operand(node, inputs) }, budget),
  ],
  ['Sub', subtract],
  [
    'Mul',
    (node, inputs, { budget }) =>
      inputs.rows.scaled(node, { scale: operand(node, inputs) }, budget),
  ],
  ['Div', divide],
  ['Neg', (node, { rows }, { budget }) => rows.scaled(node, { scale: MINUS_ONE }, budget)],
  ['Relu', (node, { rows }, { budget }) => rows.rectified(node, budget)],
  ['Max', maximum],
  ['Clip', clip],
  [
    'LeakyRelu',
    (node, inputs, context) => rectifiedIf(node.float('alpha', 0.01) === 0, node, inputs, context),
  ],
  [
    'PRelu',
    (node, inputs, context) => rectifiedIf(isZero(inputs.constants[1]), node, inputs, context),
  ],
  [
    'ThresholdedRelu',
    (node, inputs, context) => rectifiedIf(node.float('alpha', 1) === 0, node, inputs, context),
  ],
]);

/** What an operator makes of rows. @throws {LetheError} ERR_UNSUPPORTED_MODEL, ERR_INVALID_MODEL */
export function applyToRows(
  node: OnnxNode,
  inputs: RowInputs,
  shape: ShapeValue | Constant | undefined,
  context: RowContext,
): RowsValue {
  const operator = OPERATORS.get(node.operator);
  if (operator) return operator(node, inputs, context, shape);
  throw node.unsupported(reasonAgainst(node.operator));
}

const MINUS_ONE: Constant = {
  ...{ kind: 'constant', type: 1, dims: [], values: Float64Array.of(-1) },
};

/** The constant that is combined with the rows. */
function operand(node: OnnxNode, { constants, at }: RowInputs): Constant {
  const constant = constants[1 - at];
  if (constants.length !== 2 || !constant || constant.texts) {
    throw node.unsupported('must take the rows and one constant');
  }
  return constant;
}

function mapped(constant: Constant, map: (value: number) => number): Constant {
  return { ...constant, values: constant.values.map(map) };
}

function subtract(node: OnnxNode, inputs: RowInputs, { budget }: RowContext): RowsValue {
  const constant = operand(node, inputs);
  if (inputs.at === 1) {
    return inputs.rows.scaled(node, { scale: MINUS_ONE, offset: constant }, budget);
  }
  return inputs.rows.scaled(node, { offset: mapped(constant, (value) => -value) }, budget);
}

function divide(node: OnnxNode, inputs: RowInputs, { budget }: RowContext): RowsValue {
  const constant = operand(node, inputs);
  if (inputs.at === 1) throw node.unsupported('divides by the features');
  return inputs.rows.scaled(node, { scale: mapped(constant, (value) => 1 / value) }, budget);
}

function dropout(node: OnnxNode, { rows, constants }: RowInputs): RowsValue {
  if (node.inputs[2] && !isZero(constants[2])) {
    throw node.unsupported('drops values at random: export the model after `eval()`');
  }
  return rows;
}

function cast(node: OnnxNode, { rows }: RowInputs): RowsValue {
  const type = node.integer('to', 0);
  if (isFloat(type)) return rows.withType(type);
  throw node.unsupported('cuts numbers to whole ones, or makes texts of them');
}

function maximum(node: OnnxNode, inputs: RowInputs, context: RowContext): RowsValue {
  if (isZero(operand(node, inputs))) return inputs.rows.rectified(node, context.budget);
  throw node.unsupported('is ReLU only with the constant 0');
}

function clip(node: OnnxNode, inputs: RowInputs, { budget }: RowContext): RowsValue {
  const { rows, constants } = inputs;
  const bound = (input: number, attribute: 'min' | 'max', missing: number) =>
    node.inputs[input] ? constants[input]?.values[0] : node.float(attribute, missing);
  const [min, max] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)];
  if (min === undefined || max === undefined || max < LARGEST || (min > -LARGEST && min !== 0)) {
    throw node.unsupported(
      `limits values to ${min ?? '?'}..${max ?? '?'}: only 0 and above is ReLU, which the engine has`,
    );
  }
  return min === 0 ? rows.rectified(node, budget) : rows;
}

function rectifiedIf(
  isRelu: boolean,
  node: OnnxNode,
  { rows, at }: RowInputs,
  { budget }: RowContext,
): RowsValue {
  if (isRelu && at === 0) return rows.rectified(node, budget);
  throw node.unsupported('is no ReLU: it keeps a part of what is negative; train with ReLU');
}

function isZero(constant: Constant | undefined): boolean {
  return constant?.texts === undefined && (constant?.values.every((value) => value === 0) ?? false);
}
