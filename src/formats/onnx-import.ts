import type { AffineMap } from '../engine/labelled-data.js';
import type { LinearLayer } from './linear-layers.js';
import { invalidModel, unsupportedModel } from './model-error.js';
import { OnnxChain } from './onnx-chain.js';
import { describe, OnnxGraph } from './onnx-graph.js';

/** A multilayer perceptron as an ONNX file describes it. */
interface OnnxPerceptron {
  readonly layers: readonly LinearLayer[];
  /** The map from raw features to the first layer's input, if the graph has one. */
  readonly affine: AffineMap | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a multilayer perceptron, which must be one chain: Sub, Add, Mul and Div by constants (the
 * normalization of the input), Flatten or Reshape to rows, then alternating layers (Gemm, or MatMul
 * with or without Add) and Relu. A Softmax or LogSoftmax at the end is dropped.
 *
 * @param file appears in error messages
 * @throws {LetheError} ERR_INVALID_MODEL: not an ONNX file, or a contradictory one.
 * ERR_UNSUPPORTED_MODEL: not such a chain; names the operator or tensor.
 */
export function parseOnnx(bytes: Uint8Array, file: string): OnnxPerceptron {
  const graph = new OnnxGraph(bytes, file);
  const chain = new OnnxChain(graph, file);
  let tensor = graph.input;
  let length = 0;
  for (; tensor !== graph.output; length++) {
    const [node, second] = graph.readersOf(tensor);
    if (!node) throw invalidModel(file, `nothing reads the tensor ${tensor}`);
    if (second) {
      throw unsupportedModel(
        file,
        `${describe(node)} and ${describe(second)} both read ${tensor}: it must be one chain`,
      );
    }
    chain.append(node, tensor);
    tensor = node.output[0]!;
  }
  if (length < graph.operators.length) {
    throw unsupportedModel(file, 'it has operators beside the chain from its input to its output');
  }
  return { ...chain.finish(), metadata: graph.metadata };
}
