import { layersOf } from './layout.js';

/** Multiply-adds of everything that takes notable time. Biases are left out, zeros are counted. */

/** The sum over the layers of the work for each, given its inputs and outputs. */
function overLayers(
  widths: readonly number[],
  work: (inputs: number, outputs: number) => number,
): number {
  return layersOf(widths).reduce((sum, { inputs, outputs }) => sum + work(inputs, outputs), 0);
}

/** The forward pass of a row; equal to the number of weights. */
export function forwardWork(widths: readonly number[]): number {
  return overLayers(widths, (inputs, outputs) => inputs * outputs);
}

/** One row of a training step: the forward pass and the gradients of weights and hidden layers. */
export function trainingWork(widths: readonly number[]): number {
  return 3 * forwardWork(widths) - widths[0]! * widths[1]!;
}

/** `forwarded` rows in the forward pass, of which only `trained` take part in the backward pass. */
export function selectiveWork(
  widths: readonly number[],
  forwarded: number,
  trained: number,
): number {
  return trained * trainingWork(widths) + (forwarded - trained) * forwardWork(widths);
}

/** A training pass over `visited` rows; only the `hardest` of each batch go through backward. */
export function passWork(
  widths: readonly number[],
  visited: number,
  {
    hardest,
    batchSize = 128,
  }: { readonly hardest?: number | undefined; readonly batchSize?: number | undefined },
): number {
  const trained = hardest === undefined ? visited : (visited * hardest) / batchSize;
  return selectiveWork(widths, visited, trained);
}

/** A linear map applied to `rows` rows. */
export function mapWork(rows: number, { weights }: { readonly weights: Float32Array }): number {
  return rows * weights.length;
}

/** A linear map of `inputs` to `components`, folded into a layer of `outputs`. */
export function foldWork(inputs: number, components: number, outputs: number): number {
  return outputs * components * inputs;
}

/** Means and variances of columns. */
export function columnStatisticsWork(rows: number, columns: number): number {
  return 2 * rows * columns;
}

/** Principal components, including the smaller parts of their computation. */
export function principalComponentsWork(rows: number, columns: number, components: number): number {
  const followed = components + 10;
  if (followed >= columns) return (rows * columns ** 2) / 2 + 6 * columns ** 3;
  const products = 5 * rows * columns * followed + (rows + columns) * followed ** 2;
  const orthonormalization = 4 * columns * followed ** 2;
  const eigenvectors = 6 * followed ** 3;
  return products + orthonormalization + eigenvectors;
}

/** The Kronecker factors of one row, without its forward and backward pass. */
export function kroneckerFactorsWork(widths: readonly number[]): number {
  const half = (size: number) => (size * (size + 1)) / 2;
  return overLayers(widths, (inputs, outputs) => half(inputs + 1) + half(outputs));
}

/** Solving a Kronecker system: per layer two Cholesky factorizations and the solves with them. */
export function kroneckerSolveWork(widths: readonly number[]): number {
  const solve = (size: number, rightHandSides: number) =>
    size ** 3 / 6 + size ** 2 * rightHandSides;
  return overLayers(
    widths,
    (inputs, outputs) => solve(outputs, inputs + 1) + solve(inputs + 1, outputs),
  );
}
