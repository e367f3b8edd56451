import fc from 'fast-check';

/** A change of a file's bytes; positions are fractions, so that they apply to any file. */
export type Mutation =
  | { readonly kind: 'set'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | {
      readonly kind: 'repeat';
      readonly at: number;
      readonly length: number;
      readonly times: number;
    }
  | { readonly kind: 'splice'; readonly at: number; readonly other: number };

/** Numbers at which lengths overflow, wrap or exceed the memory, in the encodings of files. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

function encodings(value: bigint): Uint8Array[] {
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64LE(value);
  const varint: number[] = [];
  for (let rest = value; varint.length === 0 || rest > 0n; rest >>= 7n) {
    varint.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
  }
  const four = eight.subarray(0, 4);
  return [eight, four, Buffer.from(four).reverse(), Uint8Array.from(varint)];
}

const someBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
  fc.constantFrom(...EDGES.flatMap(encodings)),
  fc.constantFrom(
    ...['"', ',', '\n', '[', '{', '-1', '1e999', '__proto__', '../', 'NaN'].map((text) =>
      Buffer.from(text),
    ),
  ),
);
/** Headers matter most: half of all positions lie in the first 64 bytes of a usual corpus file. */
const position = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  fc.double({ min: 0, max: 0.1, noNaN: true }),
);

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: position, bytes: someBytes }),
  fc.record({ kind: fc.constant('insert' as const), at: position, bytes: someBytes }),
  fc.record({
    kind: fc.constant('remove' as const),
    at: position,
    length: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: position,
    length: fc.integer({ min: 1, max: 32 }),
    times: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ kind: fc.constant('splice' as const), at: position, other: fc.nat() }),
);

/** @param corpus the files from which `splice` takes its continuation */
export function mutate(
  original: Uint8Array,
  mutations: readonly Mutation[],
  corpus: readonly Uint8Array[],
): Uint8Array {
  let bytes = Buffer.from(original);
  for (const change of mutations) {
    const at = Math.floor(change.at * (bytes.length + 1));
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (change.kind === 'set') {
      bytes = Buffer.concat([before, change.bytes, after.subarray(change.bytes.length)]);
    } else if (change.kind === 'insert') {
      bytes = Buffer.concat([before, change.bytes, after]);
    } else if (change.kind === 'remove') {
      bytes = Buffer.concat([before, after.subarray(change.length)]);
    } else if (change.kind === 'repeat') {
      const part = after.subarray(0, change.length);
      bytes = Buffer.concat([before, ...Array<Buffer>(change.times).fill(part), after]);
    } else {
      const other = corpus[change.other % corpus.length]!;
      bytes = Buffer.concat([before, other.subarray(Math.floor(change.at * other.length))]);
    }
  }
  return bytes;
}
