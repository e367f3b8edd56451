/** A small network and its reference: a float64 forward pass that is independent of the engine. */
export interface Network {
  readonly widths: readonly number[];
  readonly parameters: Float32Array;
}

/** Reproducible values in (-1, 1). */
export function values(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(1 + 12.9898 * (i + 1) + seed));
}

export function network(widths: readonly number[], seed = 0): Network {
  const count = widths
    .slice(1)
    .reduce((sum, outputs, layer) => sum + (widths[layer]! + 1) * outputs, 0);
  return { widths, parameters: values(count, seed) };
}

/** @param features [rows, widths[0]]; @returns logits [rows, classes] in float64 */
export function forward({ widths, parameters }: Network, features: Float32Array): number[] {
  const columns = widths[0]!;
  return Array.from({ length: features.length / columns }, (_, row) => {
    let activations = [...features.subarray(row * columns, (row + 1) * columns)];
    let offset = 0;
    widths.slice(1).forEach((outputs, layer) => {
      const inputs = activations.length;
      const biases = offset + inputs * outputs;
      activations = Array.from({ length: outputs }, (_, o) => {
        const sum = activations.reduce(
          (total, value, i) => total + value * parameters[offset + o * inputs + i]!,
          parameters[biases + o]!,
        );
        return layer === widths.length - 2 ? sum : Math.max(0, sum);
      });
      offset = biases + outputs;
    });
    return activations;
  }).flat();
}
