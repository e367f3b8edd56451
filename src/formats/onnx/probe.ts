import { create, toBinary } from '@bufbuild/protobuf';
import { LetheError } from '../../base/errors.js';
import { concatenate } from '../../engine/parameters.js';
import { OnnxRuntime } from '../../runtime/onnx-runtime.js';
import type { ExternalFiles } from './constant.js';
import { integerTensor, matrix, node } from './export-nodes.js';
import type { OnnxGraph } from './graph.js';
import { ModelProtoSchema, type NodeProto, TensorProto_DataType as Type } from './onnx_pb.js';

/** A tensor to ask a runtime for, and the values that it has for a row. */
export interface ProbedTensor {
  readonly tensor: string;
  readonly width: number;
}

/** Begins every name that is added; a file that uses it already is run without its own meaning. */
const PREFIX = 'lethe.probe';

/**
 * An ONNX file of the same graph with float32 rows [N, columns] as its input and, as its output
 * [N, sum of the widths], some of its tensors side by side. The operators and weights are the
 * file's own; those that the tensors do not need are left out, so that nothing else runs.
 *
 * @param columns the values of a row of the input
 */
function probeFile(
  graph: OnnxGraph,
  columns: number,
  tensors: readonly ProbedTensor[],
): Uint8Array<ArrayBuffer> {
  const { model, input, initializers } = graph;
  const needed = new Set(tensors.flatMap(({ tensor }) => graph.order(tensor)));
  const read = new Set([...needed].flatMap(({ inputs }) => inputs));
  const shapes = [integerTensor(`${PREFIX}.shape`, inputShape(graph, columns))];
  const before = [
    node('Reshape', [`${PREFIX}.input`, `${PREFIX}.shape`], `${PREFIX}.shaped`),
    node('Cast', [`${PREFIX}.shaped`], input.name, { attributes: { to: input.type } }),
  ];
  const after: NodeProto[] = [];
  tensors.forEach(({ tensor, width }, i) => {
    const [single, shape, flat] = ['single', 'shape', 'flat'].map(
      (part) => `${PREFIX}.${part}${i}`,
    );
    shapes.push(integerTensor(shape!, [-1, width]));
    after.push(node('Cast', [tensor], single!, { attributes: { to: Type.FLOAT } }));
    after.push(node('Reshape', [single!, shape!], flat!));
  });
  const flat = tensors.map((_, i) => `${PREFIX}.flat${i}`);
  after.push(node('Concat', flat, `${PREFIX}.output`, { attributes: { axis: 1 } }));
  const width = tensors.reduce((sum, tensor) => sum + tensor.width, 0);
  const file = create(ModelProtoSchema, {
    ...model,
    graph: {
      ...model.graph!,
      input: [matrix(`${PREFIX}.input`, columns)],
      output: [matrix(`${PREFIX}.output`, width)],
      initializer: [...[...initializers.values()].filter(({ name }) => read.has(name)), ...shapes],
      node: [...before, ...[...needed].map(({ proto }) => proto), ...after],
    },
  });
  return toBinary(ModelProtoSchema, file);
}

/** Rows of values for a graph's input, as many at a time as the file wants. */
interface ProbedRows {
  /** [rows, columns] */
  readonly features: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly atOnce: number;
}

/**
 * What ONNX Runtime computes for some of a graph's tensors, side by side: float32 [rows, sum of the
 * widths].
 *
 * @throws {LetheError} ERR_RUNTIME: ONNX Runtime is not there, or does not run the file
 */
export async function probedValues(
  graph: OnnxGraph,
  tensors: readonly ProbedTensor[],
  { features, rows, columns, atOnce }: ProbedRows,
  files: ExternalFiles,
): Promise<Float32Array> {
  let runtime: OnnxRuntime | undefined;
  try {
    const probe = probeFile(graph, columns, tensors);
    runtime = await OnnxRuntime.load(probe, { threads: 1, files });
    const results: Float32Array[] = [];
    for (let row = 0; row < rows; row += atOnce) {
      const part = features.slice(row * columns, (row + atOnce) * columns);
      results.push(await runtime.run(part, atOnce, columns));
    }
    return concatenate(...results);
  } catch (cause) {
    throw new LetheError(
      'ERR_RUNTIME',
      `${graph.file}: it cannot be verified: ${(cause as Error).message}. Reinstall onnxruntime-node ` +
        'if it is missing; with `verify: false` the model is loaded unverified',
      { cause },
    );
  } finally {
    await runtime?.close();
  }
}

/** The shape of the graph's input for `columns` values a row; -1 stands for the rows. */
function inputShape({ input }: OnnxGraph, columns: number): number[] {
  const [rows, ...features] = input.dims ?? [undefined, undefined];
  const known = features.reduce<number>((product, size) => product * (size ?? 1), 1);
  const open = features.indexOf(undefined);
  // Sizes that the file leaves open are what is left over, and 1.
  return [rows ?? -1, ...features.map((size, i) => size ?? (i === open ? columns / known : 1))];
}
