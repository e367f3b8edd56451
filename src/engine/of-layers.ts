/** The sum of what each layer takes, by its inputs and outputs. */
export function ofLayers(
  widths: readonly number[],
  work: (inputs: number, outputs: number) => number,
): number {
  return widths.slice(1).reduce((sum, outputs, layer) => sum + work(widths[layer]!, outputs), 0);
}
