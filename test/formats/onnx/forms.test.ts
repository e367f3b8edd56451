import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { fromOnnx } from '#lethe/formats/import-model';
import {
  type GraphProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '#lethe/formats/onnx/onnx_pb';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { expectClose } from '../../support/fixture.js';
import { values } from '../../support/network.js';

const GEMM = readFileSync(new URL('../../fixtures/models/gemm.onnx', import.meta.url));
const [ROWS, COLUMNS, CLASSES] = [9, 6, 3];

type Change = (graph: GraphProto) => void;

/** gemm.onnx, three layers of Gemm with transB = 1, changed. */
function changed(change: Change): Uint8Array {
  const model = fromBinary(ModelProtoSchema, GEMM);
  change(model.graph!);
  return toBinary(ModelProtoSchema, model);
}

/** The weights of all layers the other way round, [inputs, outputs]; then `transB` as it is told. */
const untransposed =
  (transB: 'left out' | 0): Change =>
  ({ node, initializer }) => {
    for (const tensor of initializer.filter(({ dims }) => dims.length === 2)) {
      const [outputs, inputs] = tensor.dims.map(Number) as [number, number];
      const stored = Buffer.from(tensor.rawData!);
      const turned = Buffer.alloc(stored.length);
      for (let o = 0; o < outputs; o++) {
        for (let i = 0; i < inputs; i++) {
          stored.copy(
            turned,
            4 * (i * outputs + o),
            4 * (o * inputs + i),
            4 * (o * inputs + i + 1),
          );
        }
      }
      tensor.dims.reverse();
      tensor.rawData = turned;
    }
    for (const gemm of node.filter(({ opType }) => opType === 'Gemm')) {
      if (transB === 0) gemm.attribute.find(({ name }) => name === 'transB')!.i = 0n;
      else gemm.attribute = gemm.attribute.filter(({ name }) => name !== 'transB');
    }
  };

/** Steps before the first layer, each of an operator and a constant on either side of x. */
const normalizing =
  (...steps: (readonly [opType: string, constant: number, side: 'x first' | 'x last'])[]): Change =>
  (graph) => {
    const [first] = graph.node;
    const nodes = steps.map(([opType, constant, side], i) => {
      const name = `constant${i}`;
      const rawData = new Uint8Array(Float32Array.of(constant).buffer);
      const dataType = TensorProto_DataType.FLOAT;
      graph.initializer.push(create(TensorProtoSchema, { name, dims: [1n], dataType, rawData }));
      const x = i === 0 ? graph.input[0]!.name : `x${i}`;
      const input = side === 'x first' ? [x, name] : [name, x];
      return create(NodeProtoSchema, { name: `step${i}`, opType, input, output: [`x${i + 1}`] });
    });
    first!.input[0] = `x${steps.length}`;
    graph.node.unshift(...nodes);
  };

describe('what ONNX Runtime makes of a graph is ours too', () => {
  it.each<[string, Change]>([
    ['without transB', untransposed('left out')],
    ['with transB = 0', untransposed(0)],
    ['that begins with x - constant', normalizing(['Sub', 0.3, 'x first'])],
    ['that begins with constant - x', normalizing(['Sub', 0.3, 'x last'])],
    ['that begins with x + constant', normalizing(['Add', 0.3, 'x first'])],
    ['that begins with constant + x', normalizing(['Add', 0.3, 'x last'])],
    ['that begins with x constant', normalizing(['Mul', -1.7, 'x first'])],
    ['that begins with constant x', normalizing(['Mul', -1.7, 'x last'])],
    ['that begins with x / constant', normalizing(['Div', 0.4, 'x first'])],
    [
      'that begins with (1 - (x - 0.2) / 0.4) 3 + 0.1',
      normalizing(
        ['Sub', 0.2, 'x first'],
        ['Div', 0.4, 'x first'],
        ['Sub', 1, 'x last'],
        ['Mul', 3, 'x last'],
        ['Add', 0.1, 'x first'],
      ),
    ],
  ])('%s', async (_, change) => {
    const bytes = changed(change);
    const features = values(ROWS * COLUMNS, 0);
    const runtime = await OnnxRuntime.load(bytes, { threads: 1 });
    const theirs = await runtime.run(features.slice(), ROWS, COLUMNS);
    await runtime.close();
    const { model, affine } = await fromOnnx(bytes);
    const dataset = new Dataset({
      ...{ name: 'rows', rows: ROWS, columns: COLUMNS, classes: CLASSES },
      ...{ features, ...(affine && { affine }) },
      labels: new Uint32Array(ROWS),
    });
    expectClose(await model.logits(dataset, dataset.allRows()), theirs, 'logits');
  });
});
