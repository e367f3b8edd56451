import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LetheError } from '#lethe/base/errors';
import { inputsOf } from '#lethe/engine/encoding/column-encoding';
import {
  type FittedColumn,
  type FittedNumber,
  type InputMap,
  nativeEncoding,
} from '#lethe/engine/encoding/input-map';
import { Model } from '#lethe/engine/model';
import { toOnnx } from '#lethe/formats/export-model';
import { fromOnnx } from '#lethe/formats/import-model';
import { node } from '#lethe/formats/onnx/export-nodes';
import { decodeOnnx, OnnxGraph } from '#lethe/formats/onnx/graph';
import {
  AttributeProto_AttributeType as Attribute,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataType as Type,
} from '#lethe/formats/onnx/onnx_pb';
import { probedValues } from '#lethe/formats/onnx/probe';
import { values } from '../support/network.js';

/** More by hand: FUZZ_RUNS=100000 FUZZ_SEED=7 npx vitest run test/fuzz/onnx-graphs.test.ts */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Shapes of constants: mostly those that fit six features, and some that fit by chance or never. */
const VECTORS: number[][] = [
  ...[[], [1], [6], [6], [6], [1, 6], [1, 6], [6, 1], [3, 1, 1], [1, 3, 1, 1], [2, 3], [3], [1, 1]],
];
const MATRICES: number[][] = [
  ...[
    [6, 6],
    [6, 6],
    [6, 6],
    [6, 6],
    [1, 1, 6, 6],
    [6, 1],
    [1, 6],
    [6, 3],
    [3, 6],
    [3, 3],
  ],
];
const INPUTS = [
  [-1, 6],
  [-1, 1, 2, 3],
  [-1, 3, 2],
  [1, 6],
  [4, 6],
  [6, 6],
  [-1, 3, 1, 2],
];

const shape = fc.constantFrom(...VECTORS);
const matrix = fc.constantFrom(...MATRICES);
const bit = fc.constantFrom(0, 0, 1);
/** The place of the rows among the two inputs. */
const side = fc.constantFrom(0, 0, 0, 1);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom('Add', 'Sub', 'Mul', 'Div'), shape, side }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('MatMul'), shape: matrix, side }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ op: fc.constant('Gemm'), shape: matrix, side, transA: bit, transB: bit, bias: shape },
      factor: fc.constantFrom(1, 0.5, -2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom('Relu', 'Neg', 'Identity', 'Dropout') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('Reshape'),
      to: fc.constantFrom<number[]>(
        [-1, 6],
        [0, -1],
        [1, -1],
        [-1, 1, 6],
        [0, 2, 3],
        [6, -1],
        [-1],
        [-1, 3],
        [4, -1],
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('Transpose'),
      to: fc.constantFrom<number[]>(
        [1, 0],
        [0, 2, 1],
        [0, 2, 3, 1],
        [0, 3, 2, 1],
        [1, 0, 2],
        [0, 1],
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('Flatten', 'Squeeze', 'Unsqueeze'),
      axis: fc.integer({ min: -2, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('BatchNormalization'),
      channels: fc.constantFrom(1, 3, 6),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('Softmax', 'LogSoftmax'),
      axis: fc.constantFrom(-1, 0, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('Sigmoid') }) },
);
type Step = { op: string } & Partial<{
  shape: number[];
  side: number;
  transA: number;
  transB: number;
  bias: number[];
  factor: number;
  to: number[];
  axis: number;
  channels: number;
}>;

/** Makes three logits of six features. */
const END: Step[] = [{ op: 'MatMul', shape: [6, 3] }];

/** A graph of these operators, one after the other; whether it makes sense is left open. */
function graphOf(input: readonly number[], steps: readonly Step[]): Uint8Array {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const store = (dims: readonly number[], shift = 0) => {
    const name = `c${initializers.length}`;
    const count = dims.reduce((a, b) => a * b, 1);
    const floatData = [...values(count, initializers.length)].map((value) => value + shift);
    initializers.push(
      create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: Type.FLOAT, floatData }),
    );
    return name;
  };
  const whole = (list: readonly number[]) => {
    const name = `c${initializers.length}`;
    const int64Data = list.map(BigInt);
    initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: [BigInt(list.length)],
        dataType: Type.INT64,
        int64Data,
      }),
    );
    return name;
  };
  let x = 'x';
  steps.forEach((each, i) => {
    const { op, side = 0 } = each;
    const y = i === steps.length - 1 ? 'y' : `t${i}`;
    const both = (other: string) => (side === 0 ? [x, other] : [other, x]);
    if (op === 'Gemm') {
      const { transA, transB, factor } = each;
      const gemm = node(op, [...both(store(each.shape!)), store(each.bias!)], y, {
        attributes: { transA: transA!, transB: transB! },
      });
      for (const name of ['alpha', 'beta']) {
        gemm.attribute.push({
          ...gemm.attribute[0]!,
          ...{ name, type: Attribute.FLOAT, f: factor! },
        });
      }
      nodes.push(gemm);
    } else if (each.shape) {
      nodes.push(node(op, both(store(each.shape, op === 'Div' ? 2 : 0)), y));
    } else if (op === 'Reshape') {
      nodes.push(node(op, [x, whole(each.to!)], y));
    } else if (op === 'Transpose') {
      const transpose = node(op, [x], y, { attributes: { perm: 0 } });
      const [perm] = transpose.attribute;
      Object.assign(perm!, { type: Attribute.INTS, ints: each.to!.map(BigInt) });
      nodes.push(transpose);
    } else if (op === 'Squeeze' || op === 'Unsqueeze') {
      nodes.push(node(op, [x, whole([each.axis!])], y));
    } else if (op === 'BatchNormalization') {
      const statistics = [0, 0, 0, 2].map((shift) => store([each.channels!], shift));
      nodes.push(node(op, [x, ...statistics], y));
    } else {
      const attributes = each.axis === undefined ? {} : { axis: each.axis };
      nodes.push(node(op, [x], y, { attributes }));
    }
    x = y;
  });
  const dim = input.map((size) =>
    size === -1 ? {} : { value: { case: 'dimValue' as const, value: BigInt(size) } },
  );
  const tensorType = { elemType: Type.FLOAT, shape: { dim } };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      ...{ irVersion: 8n, opsetImport: [{ domain: '', version: 13n }] },
      graph: {
        ...{ name: 'g', node: nodes, initializer: initializers },
        input: [{ name: 'x', type: { value: { case: 'tensorType', value: tensorType } } }],
        output: [
          {
            name: 'y',
            type: { value: { case: 'tensorType', value: { elemType: Type.FLOAT } } },
          },
        ],
      },
    }),
  );
}

it('imports no graph of which ONNX Runtime computes something else', {
  timeout: 2 ** 31 - 1,
}, async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...INPUTS),
      fc.array(step, { maxLength: 7 }),
      async (input, steps) => {
        const outcome = await fromOnnx(graphOf(input, [...steps, ...END])).then(
          () => 'taken',
          (error: LetheError) => error.code,
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        expect(['taken', 'ERR_UNSUPPORTED_MODEL', 'ERR_INVALID_MODEL', 'ERR_RUNTIME']).toContain(
          outcome,
        );
      },
    ),
    { seed: SEED, numRuns: RUNS },
  );
  expect(outcomes.get('taken') ?? 0).toBeGreaterThan(RUNS / 100);
});

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const numberColumn = fc
  .record({
    ...{ missing: fc.constantFrom(undefined, 'mean' as const, -1), indicator: fc.boolean() },
    ...{ standardize: fc.boolean(), fill: finite, centre: finite },
    scale: fc.float({ min: 2 ** -149, noNaN: true, noDefaultInfinity: true }),
  })
  .map(
    ({ missing, indicator, standardize, fill, centre, scale }): FittedNumber => ({
      kind: 'number',
      ...(missing !== undefined && { missing, indicator, fill }),
      ...(standardize && { standardize, centre, scale }),
    }),
  );
const categoryColumn = fc
  .record({
    ...{ places: fc.integer({ min: 1, max: 9 }), mayMiss: fc.boolean() },
    ...{ indicator: fc.boolean(), mayBeUnknown: fc.boolean() },
  })
  .map(
    ({ places, mayMiss, indicator, mayBeUnknown }): FittedColumn => ({
      ...{ kind: 'category', categories: Array.from({ length: places }, (_, i) => `c${i}`) },
      ...(mayMiss && { missing: 'none', indicator }),
      ...(mayBeUnknown && { unknown: 'none' }),
    }),
  );
const columns = fc.array(fc.oneof(numberColumn, categoryColumn), { minLength: 1, maxLength: 8 });
const rawValue = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom(Number.NaN, 0, -0, 3e38, -3e38, 2 ** -149),
  finite,
);

function modelWith(inputMap: InputMap): Model {
  const inputs = inputsOf(inputMap.columns.map(withIndicator));
  return Model.create([inputs, 3, 2]).withFacts({ inputMap });
}

/** As a map says it once it is checked: an indicator where values may be missing, unless it is left out. */
function withIndicator(column: FittedColumn): FittedColumn {
  return { ...column, indicator: column.indicator ?? column.missing !== undefined };
}

it('exports input maps with the bits of the engine, and imports no file that says otherwise', {
  timeout: 2 ** 31 - 1,
}, async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      columns,
      fc.array(rawValue, { minLength: 96, maxLength: 96 }),
      fc.record({ tensor: fc.nat(), at: fc.nat(), bit: fc.nat(31) }),
      async (given, cells, { tensor, at, bit }) => {
        const model = modelWith({ columns: given });
        const bytes = await toOnnx(model);
        const { model: same } = await fromOnnx(bytes, { verify: false });
        expect(same.hash()).toBe(model.hash());
        const rows = Math.floor(cells.length / given.length);
        const features = Float32Array.from(cells.slice(0, rows * given.length));
        const sample = { features, rows, columns: given.length, atOnce: rows };
        const [tensors, none] = [[{ tensor: 'input', width: model.widths[0]! }], new Map()];
        const graph = new OnnxGraph(decodeOnnx(bytes, 'exported'), 'exported');
        const theirs = await probedValues(graph, tensors, sample, none);
        const ours = nativeEncoding(model.inputMap!).encode({ features });
        expect(new Uint32Array(theirs.buffer)).toEqual(new Uint32Array(ours.buffer));

        const changed = fromBinary(ModelProtoSchema, bytes);
        const constants = changed.graph!.initializer.filter(({ name }) => name.startsWith('enc'));
        const { rawData, int64Data } = constants[tensor % constants.length]!;
        if (rawData) rawData[at % rawData.length]! ^= 1 << (bit % 8);
        else int64Data[at % int64Data.length]! ^= 1n << BigInt(bit);
        const altered = toBinary(ModelProtoSchema, changed);
        const outcome = await fromOnnx(altered, { verify: bit % 2 === 0 }).then(
          () => 'taken',
          (error: LetheError) => error.code,
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      },
    ),
    // Each starts ONNX Runtime anew.
    { seed: SEED, numRuns: Math.ceil(RUNS / 10) },
  );
  expect([...outcomes.keys()]).toEqual(['ERR_VERIFICATION_FAILED']);
});
