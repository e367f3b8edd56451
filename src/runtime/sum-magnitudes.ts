/** A linear layer: weight row-major [outputs, inputs], bias [outputs]. */
export interface SummedLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/**
 * The largest sum of the absolute terms of a unit in any layer, with ReLU between the layers. Two
 * programs that add the same terms in another order differ in proportion to it, not to their sum:
 * terms may nearly cancel.
 *
 * @param row [inputs]
 */
export function largestSumOfTerms(layers: readonly SummedLayer[], row: Float64Array): number {
  let values = row;
  let largest = 0;
  for (const { inputs, outputs, weight, bias } of layers) {
    const next = new Float64Array(outputs);
    for (let j = 0; j < outputs; j++) {
      let sum = bias[j]!;
      let terms = Math.abs(sum);
      for (let i = 0, at = j * inputs; i < inputs; i++, at++) {
        const term = weight[at]! * values[i]!;
        sum += term;
        terms += Math.abs(term);
      }
      next[j] = Math.max(0, sum);
      largest = Math.max(largest, terms);
    }
    values = next;
  }
  return largest;
}
