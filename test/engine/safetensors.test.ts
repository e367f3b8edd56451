import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '#lethe/engine/safetensors';
import { expectCode } from '../support/errors.js';

/** A file with this header, valid or not. */
function file(header: unknown, data = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text), Buffer.alloc(data)]);
}

const tensor = (begin: unknown, end: unknown, shape: unknown = [1], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

function withLength(length: bigint): Uint8Array {
  const bytes = Buffer.from(file({}));
  bytes.writeBigUInt64LE(length);
  return bytes;
}

describe('safetensors', () => {
  it('are decoded as they were encoded', () => {
    const arbitraryTensor = fc
      .tuple(
        fc.constantFrom(['F32', 4] as const, ['F16', 2] as const, ['U8', 1] as const),
        fc.array(fc.nat(3), { maxLength: 3 }),
      )
      .chain(([[dtype, size], shape]) => {
        const length = shape.reduce((a, b) => a * b, size);
        return fc
          .uint8Array({ minLength: length, maxLength: length })
          .map((bytes): Tensor => ({ dtype, shape, bytes }));
      });
    const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '1', ''));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.string())),
        fc.array(fc.tuple(name, arbitraryTensor)),
        (metadata, tensors) => {
          const original = { metadata: Object.fromEntries(metadata), tensors: new Map(tensors) };
          const read = decodeSafetensors(encodeSafetensors(original));
          expect(Object.entries(read.metadata).sort()).toEqual(
            Object.entries(original.metadata).sort(),
          );
          expect(read.tensors.size).toBe(original.tensors.size);
          for (const [key, { dtype, shape, bytes }] of original.tensors) {
            const found = read.tensors.get(key)!;
            expect(found).toMatchObject({ dtype, shape });
            expect(Buffer.compare(found.bytes, bytes)).toBe(0);
          }
        },
      ),
    );
  });

  it('may be anywhere in a larger buffer', () => {
    const bytes = file({ a: tensor(0, 4) }, 4);
    const larger = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]);
    const { tensors } = decodeSafetensors(larger.subarray(3, 3 + bytes.length));
    expect([...tensors.get('a')!.bytes]).toEqual([0, 0, 0, 0]);
  });

  it('keep the tensors aligned', () => {
    for (const name of ['a', 'ab', 'abc', 'abcd', 'ä']) {
      const bytes = encodeSafetensors({ metadata: { name }, tensors: new Map() });
      expect(bytes.length % 8).toBe(0);
    }
  });

  it.each<[string, Uint8Array]>([
    ['no length', new Uint8Array(7)],
    ['a header that is longer than the file', withLength(3n)],
    ['a header of 2^63 bytes', withLength(2n ** 63n)],
    ['a header of 2^64 - 1 bytes', withLength(2n ** 64n - 1n)],
    ['a header that is not JSON', file('{"a":')],
    ['an empty header', file('')],
    ['a header that is a list', file('[]')],
    ['a header that is null', file('null')],
    ['a header that is a number', file('5')],
    ['a header that is nested deeply', file('['.repeat(200_000))],
    ['metadata that are no map', file({ __metadata__: ['a'] })],
    ['metadata that are no text', file({ __metadata__: { a: 1 } })],
    ['a tensor that is null', file({ a: null })],
    ['a tensor that is a list', file({ a: [] })],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4)],
    ['an unknown dtype', file({ a: tensor(0, 4, [1], 'F33') }, 4)],
    ["a dtype that is an object's own", file({ a: tensor(0, 4, [1], 'constructor') }, 4)],
    ['a dtype that is no text', file({ a: tensor(0, 4, [1], 4) }, 4)],
    ['a shape that is no list', file({ a: tensor(0, 4, 1) }, 4)],
    ['a negative shape', file({ a: tensor(0, 4, [-1, -1]) }, 4)],
    ['a fractional shape', file({ a: tensor(0, 4, [0.5, 2]) }, 4)],
    ['a shape that overflows', file({ a: tensor(0, 4, [2 ** 40, 2 ** 40]) }, 4)],
    ['a shape that overflows to 0', file({ a: tensor(0, 0, [2 ** 32, 2 ** 32]) })],
    ['a shape beyond all numbers', file({ a: tensor(0, 4, Array(60).fill(2 ** 50)) }, 4)],
    ['a shape of other bytes', file({ a: tensor(0, 4, [2]) }, 4)],
    ['no offsets', file({ a: { dtype: 'F32', shape: [1] } }, 4)],
    ['one offset', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4)],
    ['three offsets', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4)],
    ['negative offsets', file({ a: tensor(-4, 0) }, 4)],
    ['fractional offsets', file({ a: tensor(0.5, 4.5) }, 5)],
    ['offsets that are text', file({ a: tensor('0', '4') }, 4)],
    ['an end before the beginning', file({ a: tensor(4, 0) }, 4)],
    ['a tensor beyond the end', file({ a: tensor(4, 8) }, 4)],
    ['tensors that overlap', file({ a: tensor(0, 8, [2]), b: tensor(4, 12, [2]) }, 12)],
    ['tensors in the same place', file({ a: tensor(0, 4), b: tensor(0, 4) }, 4)],
    ['a hole', file({ a: tensor(0, 4), b: tensor(8, 12) }, 12)],
    ['a hole at the beginning', file({ a: tensor(4, 8) }, 8)],
    ['bytes behind the last tensor', file({ a: tensor(0, 4) }, 5)],
    ['bytes, but no tensors', file({}, 1)],
  ])('are refused: %s', async (_, bytes) => {
    await expectCode(() => decodeSafetensors(bytes), 'ERR_INVALID_DATA');
  });
});
