import type { AffineMap } from '../engine/labelled-data.js';
import type { LinearLayer } from './linear-layers.js';
import { invalidModel, unsupportedModel } from './model-error.js';
import { OnnxChain } from './onnx-chain.js';
import { describe, OnnxGraph } from './onnx-graph.js';

/** What an ONNX file says about a multilayer perceptron. */
export interface OnnxPerceptron {
  readonly layers: readonly LinearLayer[];
  /** From raw features to the first layer's input, where the file has one. */
  readonly affine: AffineMap | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a multilayer perceptron: a chain of Sub, Add, Mul and Div by a constant (a normalization of the
 * input), Flatten or Reshape to rows, then Gemm, or MatMul with or without Add, and Relu by turns,
 * and Softmax or LogSoftmax at the end, which is left out.
 *
 * @param file stands in the messages
 * @throws {LetheError} ERR_INVALID_MODEL: not an ONNX file, or one that contradicts itself.
 * ERR_UNSUPPORTED_MODEL: anything but such a chain, by the operator's or tensor's name.
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
