import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { fromOnnx } from '#lethe/formats/import-model';
import {
  AttributeProto_AttributeType as Attribute,
  ModelProtoSchema,
  TensorProto_DataType as Type,
} from '#lethe/formats/onnx/onnx_pb';
import { expectCode } from '../../support/errors.js';

interface Operator {
  readonly opType: string;
  readonly input: string[];
  readonly output: string[];
  readonly attribute?: object[];
}

interface Stored {
  readonly name: string;
  readonly dims: bigint[];
  readonly dataType?: number;
  readonly floatData?: number[];
  readonly int64Data?: bigint[];
}

/** A model of x [N, 2] with the output y. */
function model(node: Operator[], initializer: Stored[] = [], rows?: bigint): Uint8Array {
  const dims = [rows === undefined ? {} : { value: { case: 'dimValue', value: rows } }];
  const info = (name: string) => ({
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: Type.FLOAT,
          shape: { dim: [...dims, { value: { case: 'dimValue', value: 2n } }] },
        },
      },
    },
  });
  const graph = {
    ...{ name: 'g', node, input: [info('x')], output: [info('y')] },
    initializer: initializer.map((tensor) => ({ dataType: Type.FLOAT, ...tensor })),
  };
  const irVersion = 8n;
  const opsetImport = [{ domain: '', version: 13n }];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion, opsetImport, graph } as never),
  );
}

const op = (opType: string, input: string[], output: string, attribute?: object[]): Operator => ({
  ...{ opType, input, output: [output] },
  ...(attribute && { attribute }),
});

const square: Stored = { name: 'w', dims: [2n, 2n], floatData: [1, 2, 3, 4] };
const vector = (name: string, count: number): Stored => ({
  ...{ name, dims: [BigInt(count)], floatData: Array<number>(count).fill(1) },
});
const shape = (name: string, ...sizes: bigint[]): Stored => ({
  ...{ name, dims: [BigInt(sizes.length)], dataType: Type.INT64, int64Data: sizes },
});

/** Operators in a row from x to y. */
function chain(count: number, opType: string, ...others: string[]): Operator[] {
  return Array.from({ length: count }, (_, i) =>
    op(opType, [i === 0 ? 'x' : `t${i - 1}`, ...others], i === count - 1 ? 'y' : `t${i}`),
  );
}

const HOSTILE: Record<string, [bytes: () => Uint8Array, ...codes: LetheErrorCode[]]> = {
  'a circle': [
    () =>
      model(
        [op('Relu', ['b'], 'a'), op('Relu', ['a'], 'b'), op('MatMul', ['a', 'w'], 'y')],
        [square],
      ),
    'ERR_INVALID_MODEL',
  ],
  'an operator that reads itself': [
    () => model([op('MatMul', ['y', 'w'], 'y')], [square]),
    'ERR_INVALID_MODEL',
  ],
  '10^5 operators that lead nowhere': [
    () => model(chain(100_000, 'Identity')),
    'ERR_UNSUPPORTED_MODEL',
  ],
  '10^5 constants out of each other': [
    () =>
      model(
        [
          ...Array.from({ length: 100_000 }, (_, i) =>
            op('Identity', [i === 0 ? 'w' : `c${i - 1}`], `c${i}`),
          ),
          op('Tanh', ['x', 'c99999'], 'y'),
        ],
        [square],
      ),
    'ERR_UNSUPPORTED_MODEL',
  ],
  '2^40 weights by two vectors': [
    () =>
      model(
        [
          op('Reshape', ['v', 'column'], 'a'),
          op('Reshape', ['v', 'row'], 'b'),
          op('Add', ['a', 'b'], 'c'),
          op('Reshape', ['c', 'row'], 'd'),
          op('Reshape', ['c', 'column'], 'e'),
          op('Mul', ['d', 'e'], 'f'),
          op('MatMul', ['x', 'f'], 'y'),
        ],
        [vector('v', 1024), shape('column', -1n, 1n), shape('row', 1n, -1n)],
      ),
    'ERR_OUT_OF_MEMORY',
  ],
  '2^60 zeros': [
    () =>
      model(
        [op('ConstantOfShape', ['size'], 'z'), op('MatMul', ['x', 'z'], 'y')],
        [shape('size', 2n, 2n ** 59n)],
      ),
    'ERR_OUT_OF_MEMORY',
  ],
  'a stored shape of 2^40 elements': [
    () => model([op('MatMul', ['x', 'w'], 'y')], [{ ...square, dims: [2n ** 20n, 2n ** 20n] }]),
    'ERR_INVALID_MODEL',
  ],
  '10^4 axes': [
    () =>
      model(
        [op('Unsqueeze', ['w', 'axes'], 'v'), op('MatMul', ['x', 'v'], 'y')],
        [square, shape('axes', ...Array.from({ length: 10_000 }, (_, i) => BigInt(i)))],
      ),
    'ERR_UNSUPPORTED_MODEL',
  ],
  'products that take hours': [
    () =>
      model(
        [
          op('ConstantOfShape', ['size'], 'z'),
          op('MatMul', ['z', 'z'], 'zz'),
          op('MatMul', ['x', 'zz'], 'y'),
        ],
        [shape('size', 4096n, 4096n)],
      ),
    'ERR_UNSUPPORTED_MODEL',
  ],
  '2^40 rows at a time': [
    () => model([op('MatMul', ['x', 'w'], 'y')], [square], 2n ** 40n),
    'ERR_UNSUPPORTED_MODEL',
  ],
  'a value that is not a number': [
    () => model([op('MatMul', ['x', 'w'], 'y')], [{ ...square, floatData: [1, 2, 3, NaN] }]),
    'ERR_INVALID_MODEL',
  ],
  'a division by zero': [
    () =>
      model(
        [op('Div', ['x', 'zero'], 'h'), op('MatMul', ['h', 'w'], 'y')],
        [square, { name: 'zero', dims: [1n], floatData: [0] }],
      ),
    'ERR_INVALID_MODEL',
  ],
  'weights beyond float32': [
    () =>
      model(
        [op('MatMul', ['x', 'w'], 'h'), op('MatMul', ['h', 'w'], 'y')],
        [{ ...square, floatData: [3e38, 3e38, 3e38, 3e38] }],
      ),
    'ERR_INVALID_MODEL',
  ],
  'a sparse constant out of its bounds': [
    () => {
      const values = { dims: [1n], dataType: Type.FLOAT, floatData: [1] };
      const indices = { dims: [1n], dataType: Type.INT64, int64Data: [4n] };
      const sparseTensor = { values, indices, dims: [2n, 2n] };
      const type = Attribute.SPARSE_TENSOR;
      return model([
        op('Constant', [], 'w', [{ name: 'sparse_value', type, sparseTensor }]),
        op('MatMul', ['x', 'w'], 'y'),
      ]);
    },
    'ERR_INVALID_MODEL',
  ],
};

describe('a hostile graph ends in an error:', () => {
  it.each(Object.entries(HOSTILE))('%s', async (_, [bytes, ...codes]) => {
    const outcome = await fromOnnx(bytes()).catch((error: unknown) => error);
    expect(codes).toContain((outcome as { code?: LetheErrorCode }).code);
  });

  it('is taken where it is only long', async () => {
    const long = model(
      [...chain(10_000, 'Identity').slice(0, -1), op('MatMul', ['t9998', 'w'], 'y')],
      [square],
    );
    expect((await fromOnnx(long, { verify: false })).model.widths).toEqual([2, 2]);
  });

  it('names the operators of a circle', async () => {
    const [bytes] = HOSTILE['a circle']!;
    const { message } = await expectCode(() => fromOnnx(bytes()), 'ERR_INVALID_MODEL');
    expect(message).toMatch(/Relu "[ab]" depends on its own result/);
  });
});
