/**
 * The formulas of the fixture `real`: its initial parameters and pixels are computed, not stored.
 */
function hash(counter: number): number {
  let i = counter;
  i = Math.imul(i ^ (i >>> 16), 0x7feb352d);
  i = Math.imul(i ^ (i >>> 15), 0x846ca68b);
  return (i ^ (i >>> 16)) >>> 0;
}

export function hashedParameters(widths: readonly number[]): Float32Array {
  const layers = widths.slice(1).map((outputs, layer) => ({ inputs: widths[layer]!, outputs }));
  const parameters = layers.flatMap(({ inputs, outputs }) =>
    Array<number>((inputs + 1) * outputs).fill(Math.fround(1 / Math.sqrt(inputs))),
  );
  return Float32Array.from(
    parameters,
    (bound, i) => Math.fround((hash(i) >>> 8) / 2 ** 23 - 1) * bound,
  );
}

export function hashedPixels(rows: number, columns: number): Uint8Array {
  return Uint8Array.from({ length: rows * columns }, (_, i) => {
    const h = hash(2 ** 24 + i);
    return (h & 255) < 49 ? 1 + ((h >>> 8) % 255) : 0;
  });
}
