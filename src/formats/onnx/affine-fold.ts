import type { ImportBudget } from './constant.js';

/** y[j] = scale[j] x[source[j]] + offset[j], in double precision. */
export interface FeatureMap {
  readonly kind: 'features';
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  /** Which x each y is made of; default: the one at its own place. */
  readonly source?: Uint32Array;
}

/** y = W x + b, in double precision. */
export interface LinearMap {
  readonly kind: 'linear';
  /** The operator that it comes from; it appears in error messages. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Row-major [outputs, inputs]. */
  readonly weight: Float64Array;
  /** [outputs] */
  readonly bias: Float64Array;
}

/** What affine operators in a row amount to. */
export type AffineStep = FeatureMap | LinearMap;

/** One map after another, as one map: `second` reads what `first` has made. */
export function compose(
  first: AffineStep | undefined,
  second: AffineStep,
  budget: ImportBudget,
): AffineStep {
  if (!first) return second;
  if (second.kind === 'features') {
    return first.kind === 'features'
      ? featuresAfterFeatures(first, second)
      : featuresAfterLinear(first, second, budget);
  }
  return first.kind === 'features'
    ? linearAfterFeatures(first, second, budget)
    : linearAfterLinear(first, second, budget);
}

/** The same map as a layer with one weight a row. */
export function asLinear(map: FeatureMap, name: string, budget: ImportBudget): LinearMap {
  const { scale, offset, source } = map;
  const outputs = scale.length;
  const weight = budget.allocate(outputs * outputs);
  for (let j = 0; j < outputs; j++) weight[j * outputs + (source?.[j] ?? j)] = scale[j]!;
  return { kind: 'linear', name, inputs: outputs, outputs, weight, bias: offset };
}

function featuresAfterFeatures(first: FeatureMap, second: FeatureMap): FeatureMap {
  const from = (j: number) => second.source?.[j] ?? j;
  const source = first.source ?? second.source;
  return {
    kind: 'features',
    scale: second.scale.map((scale, j) => scale * first.scale[from(j)]!),
    offset: second.offset.map((offset, j) => second.scale[j]! * first.offset[from(j)]! + offset),
    ...(source && { source: source.map((_, j) => first.source?.[from(j)] ?? from(j)) }),
  };
}

function featuresAfterLinear(
  first: LinearMap,
  { scale, offset, source }: FeatureMap,
  budget: ImportBudget,
): LinearMap {
  const { inputs } = first;
  const weight = budget.allocate(first.weight.length);
  const bias = offset.map((value, j) => {
    const from = source?.[j] ?? j;
    for (let i = 0; i < inputs; i++) {
      weight[j * inputs + i] = scale[j]! * first.weight[from * inputs + i]!;
    }
    return scale[j]! * first.bias[from]! + value;
  });
  return { ...first, weight, bias };
}

function linearAfterFeatures(
  { scale, offset, source }: FeatureMap,
  second: LinearMap,
  budget: ImportBudget,
): LinearMap {
  const { inputs } = second;
  const weight = budget.allocate(second.weight.length);
  const bias = second.bias.map((value, j) => {
    let sum = value;
    for (let i = 0; i < inputs; i++) {
      const w = second.weight[j * inputs + i]!;
      weight[j * inputs + (source?.[i] ?? i)] = w * scale[i]!;
      sum += w * offset[i]!;
    }
    return sum;
  });
  return { ...second, weight, bias };
}

function linearAfterLinear(first: LinearMap, second: LinearMap, budget: ImportBudget): LinearMap {
  const { inputs } = first;
  const { outputs } = second;
  const bias = second.bias.slice();
  for (let j = 0; j < outputs; j++) {
    for (let k = 0; k < second.inputs; k++) {
      bias[j]! += second.weight[j * second.inputs + k]! * first.bias[k]!;
    }
  }
  const weight = product(second.weight, first.weight, [outputs, second.inputs, inputs], budget);
  return { ...second, inputs, weight, bias };
}

/** The matrix product [rows, shared] x [shared, columns], row-major, in double precision. */
export function product(
  left: Float64Array,
  right: Float64Array,
  [rows, shared, columns]: readonly [number, number, number],
  budget: ImportBudget,
): Float64Array {
  budget.multiply(rows * shared * columns);
  const result = budget.allocate(rows * columns);
  for (let row = 0; row < rows; row++) {
    const to = row * columns;
    for (let k = 0; k < shared; k++) {
      const factor = left[row * shared + k]!;
      const from = k * columns;
      for (let column = 0; column < columns; column++) {
        result[to + column]! += factor * right[from + column]!;
      }
    }
  }
  return result;
}
