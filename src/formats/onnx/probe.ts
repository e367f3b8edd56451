import { create, toBinary } from '@bufbuild/protobuf';
import { matrix, node, shapeTensor } from './export-nodes.js';
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
export function probeFile(
  graph: OnnxGraph,
  columns: number,
  tensors: readonly ProbedTensor[],
): Uint8Array<ArrayBuffer> {
  const { model, input, initializers } = graph;
  const needed = new Set(tensors.flatMap(({ tensor }) => graph.order(tensor)));
  const read = new Set([...needed].flatMap(({ inputs }) => inputs));
  const shapes = [shapeTensor(`${PREFIX}.shape`, inputShape(graph, columns))];
  const before = [
    node('Reshape', [`${PREFIX}.input`, `${PREFIX}.shape`], `${PREFIX}.shaped`),
    node('Cast', [`${PREFIX}.shaped`], input.name, { attributes: { to: input.type } }),
  ];
  const after: NodeProto[] = [];
  tensors.forEach(({ tensor, width }, i) => {
    const [single, shape, flat] = ['single', 'shape', 'flat'].map(
      (part) => `${PREFIX}.${part}${i}`,
    );
    shapes.push(shapeTensor(shape!, [-1, width]));
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

/** The shape of the graph's input for `columns` values a row; -1 stands for the rows. */
function inputShape({ input }: OnnxGraph, columns: number): number[] {
  const [rows, ...features] = input.dims ?? [undefined, undefined];
  const known = features.reduce<number>((product, size) => product * (size ?? 1), 1);
  const open = features.indexOf(undefined);
  // Sizes that the file leaves open are what is left over, and 1.
  return [rows ?? -1, ...features.map((size, i) => size ?? (i === open ? columns / known : 1))];
}
