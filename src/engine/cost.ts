import { ofLayers } from './of-layers.js';
import type { Plan } from './pass.js';

/** Multiply-adds of a network, biases aside, zeros of the input not skipped. */

/** Of the forward pass, a row. */
export function forwardWork(widths: readonly number[]): number {
  return ofLayers(widths, (inputs, outputs) => inputs * outputs);
}

/** Of a training step, a row: forward, the gradients of the weights, and those of hidden layers. */
export function trainingWork(widths: readonly number[]): number {
  return 3 * forwardWork(widths) - widths[0]! * widths[1]!;
}

/** Of rows that go forward and of which only some go back. */
export function selectiveWork(
  widths: readonly number[],
  forwarded: number,
  trained: number,
): number {
  return trained * trainingWork(widths) + (forwarded - trained) * forwardWork(widths);
}

/** Of a pass of training that has visited so many rows. */
export function passWork(
  widths: readonly number[],
  visited: number,
  { hardest, batchSize = 128 }: Pick<Plan, 'hardest' | 'batchSize'>,
): number {
  const trained = hardest === undefined ? visited : (visited * hardest) / batchSize;
  return selectiveWork(widths, visited, trained);
}
