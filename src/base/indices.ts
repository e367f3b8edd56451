/** 0, 1, ... count - 1. Uint32Array.from would take milliseconds for sixty thousand. */
export function indicesBelow(count: number): Uint32Array {
  const indices = new Uint32Array(count);
  for (let i = 0; i < count; i++) indices[i] = i;
  return indices;
}
