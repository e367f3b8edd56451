import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { loadIdx, parseIdx } from '#lethe/datasets/idx';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

function idx(shape: number[], values: number[], magic = [0, 0, 8, shape.length]): Buffer {
  const extents = Buffer.alloc(4 * shape.length);
  shape.forEach((extent, i) => {
    extents.writeUInt32BE(extent, 4 * i);
  });
  return Buffer.concat([Buffer.from(magic), extents, Buffer.from(values)]);
}

const valid = idx([2, 3], [1, 2, 3, 4, 5, 255]);

async function written(contents: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, contents);
  return path;
}

describe('loadIdx', () => {
  it.each([
    ['plain', valid],
    ['gzip', gzipSync(valid)],
  ])('reads a %s file', async (_, contents) => {
    const { shape, values } = await loadIdx(await written(contents));
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, 255]);
  });

  it('refuses a gzip stream that is cut off, altered or followed by garbage', async () => {
    const packed = gzipSync(valid);
    const altered = Buffer.from(packed);
    altered[altered.length - 8]! ^= 1; // in the checksum
    const followed = Buffer.concat([packed, Buffer.from('garbage')]);
    for (const contents of [packed.subarray(0, -3), packed.subarray(0, 2), altered, followed]) {
      await expectCode(async () => loadIdx(await written(contents)), 'ERR_INVALID_DATA');
    }
  });

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ])('refuses %s contents that are shorter or longer than announced', async (_, pack) => {
    for (const contents of [valid.subarray(0, -1), Buffer.concat([valid, Buffer.of(0)])]) {
      const path = await written(pack(contents));
      const error = await expectCode(() => loadIdx(path), 'ERR_INVALID_DATA');
      expect(error.message).toContain(path);
    }
  });

  it('refuses a file that announces more than the limit, and accepts one that just fits', async () => {
    const path = await written(gzipSync(valid));
    await expectCode(() => loadIdx(path, { maxBytes: valid.length - 1 }), 'ERR_INVALID_DATA');
    expect((await loadIdx(path, { maxBytes: valid.length })).shape).toEqual([2, 3]);
    const huge = idx([0xffffffff, 0xffffffff], []);
    await expectCode(async () => loadIdx(await written(huge)), 'ERR_INVALID_DATA');
    const longerThanBuffers = await written(idx([0xffffffff, 2], []));
    const options = { maxBytes: Number.MAX_SAFE_INTEGER };
    await expectCode(() => loadIdx(longerThanBuffers, options), 'ERR_INVALID_DATA');
  });

  it('decompresses no more than the header announces', async () => {
    // Decompressing all of it would fail at the missing end instead.
    const bomb = gzipSync(Buffer.concat([valid, Buffer.alloc(20_000_000)])).subarray(0, -8);
    const path = await written(bomb);
    const error = await expectCode(() => loadIdx(path), 'ERR_INVALID_DATA');
    expect(error.message).toContain(`more than ${valid.length} bytes`);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %j as a limit', async (maxBytes) => {
    const path = await written(valid);
    await expectCode(() => loadIdx(path, { maxBytes }), 'ERR_INVALID_ARGUMENT');
  });

  it('reads the arrays that were written', async () => {
    const arrays = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
      .chain((shape) => {
        const length = shape.reduce((a, b) => a * b);
        return fc.record({
          shape: fc.constant(shape),
          values: fc.array(fc.nat(255), { minLength: length, maxLength: length }),
          packed: fc.boolean(),
        });
      });
    const path = await written(valid);
    await fc.assert(
      fc.asyncProperty(arrays, async ({ shape, values, packed }) => {
        const contents = idx(shape, values);
        await writeFile(path, packed ? gzipSync(contents) : contents);
        expect(await loadIdx(path)).toEqual({ shape, values: Buffer.from(values) });
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('throws nothing but LetheError, for any compressed bytes', async () => {
    const packed = gzipSync(valid);
    const changes = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { maxLength: 4 });
    const path = await written(packed);
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(packed.length), async (mutations, length) => {
        const bytes = Buffer.from(packed);
        for (const [at, value] of mutations) bytes[at] = value;
        await writeFile(path, bytes.subarray(0, length));
        try {
          const { shape, values } = await loadIdx(path);
          expect(shape.reduce((a, b) => a * b)).toBe(values.length);
        } catch (error) {
          expect(error).toBeInstanceOf(LetheError);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('says which file it could not read', async () => {
    const folder = await temporaryFolder();
    for (const path of [join(folder, 'missing'), folder]) {
      const error = await expectCode(() => loadIdx(path), 'ERR_IO');
      expect(error.message).toContain(path);
    }
  });
});

describe('parseIdx', () => {
  it.each([
    ['a magic number with leading bytes', idx([1], [7], [1, 0, 8, 1])],
    ['another value type', idx([1], [7], [0, 0, 0x0d, 1])],
    ['no dimension', idx([], [7])],
    ['an empty dimension', idx([3, 0], [])],
    ['trailing bytes', Buffer.concat([valid, Buffer.from([0])])],
    ['dimensions whose product no file can hold', idx([0xffffffff, 0xffffffff], [1])],
    ['255 dimensions and nothing else', Buffer.from([0, 0, 8, 255])],
  ])('refuses %s', async (_, contents) => {
    await expectCode(() => parseIdx(contents, 'file'), 'ERR_INVALID_DATA');
  });

  it('refuses a file that is cut off anywhere', async () => {
    for (let length = 0; length < valid.length; length++) {
      await expectCode(() => parseIdx(valid.subarray(0, length), 'file'), 'ERR_INVALID_DATA');
    }
  });

  it('throws nothing but LetheError, for any bytes', () => {
    const mutated = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(mutated, (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          const { shape, values } = parseIdx(bytes, 'file');
          expect(shape.reduce((a, b) => a * b)).toBe(values.length);
        } catch (error) {
          expect(error).toBeInstanceOf(LetheError);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
