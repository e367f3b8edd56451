import {
  type AffineStep,
  asLinear,
  compose,
  type FeatureMap,
  type LinearMap,
} from './affine-fold.js';
import type { Constant, ImportBudget } from './constant.js';
import type { OnnxNode } from './node.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';
import { featuresOf, type Size } from './shapes.js';

/** What a graph does to its input before the first layer. */
export interface InputMap {
  /** The map that treats every feature alike, in double precision. */
  readonly scale: number;
  readonly offset: number;
  readonly isMapped: boolean;
  /** What follows it and differs by feature; it is part of the first layer's weights. */
  readonly features?: FeatureMap;
}

const FLOATS: readonly number[] = [Type.FLOAT, Type.DOUBLE, Type.FLOAT16, Type.BFLOAT16];
const HALVES: readonly number[] = [Type.FLOAT16, Type.BFLOAT16];

export function isFloat(type: number): boolean {
  return FLOATS.includes(type);
}

/**
 * A tensor that holds one row of values for each row of the input: what a chain of linear layers
 * and ReLU has made of it. Immutable; each operator makes a new one.
 */
export class RowsValue {
  readonly kind = 'rows';

  constructor(
    /** The sizes of its axes, exactly one of which is 'rows'. */
    readonly dims: readonly Size[],
    readonly type: Type,
    /** The layers so far; each is followed by ReLU. */
    readonly layers: readonly LinearMap[] = [],
    /** What has been computed since the last ReLU, or since the map of the input. */
    readonly step: AffineStep | undefined = undefined,
    readonly input: InputMap = { scale: 1, offset: 0, isMapped: false },
    /** Whether the graph rounds to half precision on the way. */
    readonly isHalf: boolean = HALVES.includes(type),
  ) {}

  /** The values of a row; undefined where the file does not fix it. */
  get features(): number | undefined {
    return featuresOf(this.dims);
  }

  /** The values of a row after the linear maps; 0 before the first of them. */
  get outputs(): number {
    const last = this.step ?? this.layers.at(-1);
    if (!last) return 0;
    return last.kind === 'linear' ? last.outputs : last.scale.length;
  }

  /** Whether it comes of the same computation, whatever its shape and type. */
  isSameAs(other: RowsValue): boolean {
    const { layers, step, input } = this;
    return layers === other.layers && step === other.step && input === other.input;
  }

  withDims(dims: readonly Size[]): RowsValue {
    return new RowsValue(dims, this.type, this.layers, this.step, this.input, this.isHalf);
  }

  withType(type: Type): RowsValue {
    const isHalf = this.isHalf || HALVES.includes(type);
    return new RowsValue(this.dims, type, this.layers, this.step, this.input, isHalf);
  }

  /** The same values in another order of the axes. */
  transposed(node: OnnxNode, order: readonly number[], budget: ImportBudget): RowsValue {
    const dims = order.map((axis) => this.dims[axis]);
    const moved = order.filter((axis) => this.dims[axis] !== 'rows' && this.dims[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return this.withDims(dims);
    const sizes = this.dims.map((size) => (size === 'rows' ? 1 : this.#fixed(node, size)));
    const strides = sizes.map((_, axis) => sizes.slice(axis + 1).reduce((a, b) => a * b, 1));
    const count = sizes.reduce((a, b) => a * b, 1);
    budget.take(Uint32Array.BYTES_PER_ELEMENT * count);
    const source = Uint32Array.from({ length: count }, (_, to) => {
      let [rest, from] = [to, 0];
      for (const axis of order.toReversed()) {
        from += strides[axis]! * (rest % sizes[axis]!);
        rest = Math.floor(rest / sizes[axis]!);
      }
      return from;
    });
    const scale = budget.allocate(count).fill(1);
    const map: FeatureMap = { kind: 'features', scale, offset: budget.allocate(count), source };
    return this.#after(map, dims, budget);
  }

  /**
   * scale x + offset with constants of shapes that broadcast.
   *
   * @param scale 1 where left out
   * @param offset 0 where left out
   */
  scaled(
    node: OnnxNode,
    { scale, offset }: { scale?: Constant; offset?: Constant },
    budget: ImportBudget,
  ): RowsValue {
    this.requireFloat(node);
    const given = [scale, offset].filter((constant) => constant !== undefined);
    const dims = this.#broadcast(node, given);
    const [factor, shift] = [uniform(scale, 1), uniform(offset, 0)];
    const isInput = this.layers.length === 0 && !this.step;
    if (factor !== undefined && shift !== undefined && isInput) {
      const { scale: before, offset: start } = this.input;
      const input = { scale: before * factor, offset: start * factor + shift, isMapped: true };
      return new RowsValue(dims, this.type, this.layers, undefined, input, this.isHalf);
    }
    const count = this.#fixed(node, featuresOf(dims));
    const map: FeatureMap = {
      kind: 'features',
      scale: spread(scale, factor, dims, count, budget),
      offset: spread(offset, shift, dims, count, budget),
    };
    return this.#after(map, dims, budget);
  }

  /** A linear layer over all values of a row; `dims` is the shape after it. */
  linear(node: OnnxNode, map: LinearMap, dims: readonly Size[], budget: ImportBudget): RowsValue {
    this.requireFloat(node);
    const { features } = this;
    if (features !== undefined && features !== map.inputs) {
      const before =
        this.layers.length > 0 || this.step
          ? `but the layer before it has ${features} outputs`
          : `but its input has ${features} values a row`;
      throw node.invalid(`takes ${map.inputs} values, ${before}`);
    }
    return this.#after(map, dims, budget);
  }

  /** ReLU; another one right after it changes nothing. */
  rectified(node: OnnxNode, budget: ImportBudget): RowsValue {
    const { layers, input } = this;
    if (!this.step && layers.length > 0) return this;
    if (!this.step) throw node.unsupported('must follow a linear layer');
    const layer = this.step.kind === 'linear' ? this.step : asLinear(this.step, `${node}`, budget);
    const known = this.#inputAfter(this.step) ?? input;
    return new RowsValue(this.dims, this.type, [...layers, layer], undefined, known, this.isHalf);
  }

  /** Refuses arithmetic on whole numbers, which wraps around and cuts off. */
  requireFloat(node: OnnxNode): void {
    if (isFloat(this.type)) return;
    const type = Type[this.type] ?? this.type;
    throw node.unsupported(
      `computes with numbers of type ${type}: cast the input to float32 first`,
    );
  }

  #after(map: AffineStep, dims: readonly Size[], budget: ImportBudget): RowsValue {
    const input = map.kind === 'linear' ? this.#inputAfter(this.step) : undefined;
    const step = compose(this.step, map, budget);
    return new RowsValue(dims, this.type, this.layers, step, input ?? this.input, this.isHalf);
  }

  /** The map of the input, once it is known what of it differs by feature. */
  #inputAfter(step: AffineStep | undefined): InputMap | undefined {
    const isFirst = this.layers.length === 0 && step?.kind === 'features';
    return isFirst ? { ...this.input, features: step } : undefined;
  }

  /** The shape after an operator with these constants, which must not depend on the row. */
  #broadcast(node: OnnxNode, constants: readonly Constant[]): Size[] {
    const rank = Math.max(this.dims.length, ...constants.map(({ dims }) => dims.length));
    const padding = Array<Size>(rank - this.dims.length).fill(1);
    const result = [...padding, ...this.dims];
    for (const { dims } of constants) {
      dims.forEach((size, i) => {
        const axis = rank - dims.length + i;
        const own = result[axis];
        if (size === 1 || own === size) return;
        if (own === undefined) {
          result[axis] = size;
          return;
        }
        if (own === 'rows') {
          throw node.unsupported('has a constant with a value of its own for each row');
        }
        if (own === 1) throw node.unsupported('makes several values of one by a constant');
        throw node.invalid(`has a constant of shape [${dims}] for ${own} values`);
      });
    }
    return result;
  }

  #fixed(node: OnnxNode, size: Size): number {
    if (typeof size === 'number') return size;
    throw node.unsupported(
      'needs the number of features: export the model with a fixed number of them',
    );
  }
}

/** The value that all elements share; `missing` for no constant, undefined where they differ. */
function uniform(constant: Constant | undefined, missing: number): number | undefined {
  if (!constant) return missing;
  const [first] = constant.values;
  return constant.values.every((value) => Object.is(value, first)) ? first : undefined;
}

/** A constant as one value for each feature of these axes. */
function spread(
  constant: Constant | undefined,
  same: number | undefined,
  dims: readonly Size[],
  count: number,
  budget: ImportBudget,
): Float64Array {
  const result = budget.allocate(count);
  if (!constant || same !== undefined) return result.fill(same!);
  const sizes = dims.map((size) => (typeof size === 'number' ? size : 1));
  const own = [...Array<number>(dims.length - constant.dims.length).fill(1), ...constant.dims];
  return result.map((_, feature) => {
    let [rest, at, stride] = [feature, 0, 1];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const index = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
      if (own[axis]! > 1) at += stride * index;
      stride *= own[axis]!;
    }
    return constant.values[at]!;
  });
}
