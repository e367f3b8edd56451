/** 0, 1, ... count - 1. A loop, because Uint32Array.from takes milliseconds for 60,000 values. */
export function indicesBelow(count: number): Uint32Array {
  const indices = new Uint32Array(count);
  for (let i = 0; i < count; i++) indices[i] = i;
  return indices;
}
