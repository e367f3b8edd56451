import { createHash, randomBytes } from 'node:crypto';
import { appendFile, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentChunks, readContents, readKnown, readStart } from '#lethe/base/contents';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Longer than a chunk. */
const LONG = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * i) >>> 7));

async function written(contents: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, contents);
  return path;
}

describe.each([
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
])('a %s file', (_, pack) => {
  it('is read completely', async () => {
    const path = await written(pack(LONG));
    expect(Buffer.compare(await readContents(path, LONG.length), LONG)).toBe(0);
  });

  it('may be empty', async () => {
    expect((await readContents(await written(pack(Buffer.alloc(0))), 0)).length).toBe(0);
  });

  it('may not be longer than the limit', async () => {
    const path = await written(pack(LONG));
    await expectCode(() => readContents(path, LONG.length - 1), 'ERR_INVALID_DATA');
  });

  it('is known by its hash: a single flipped bit shows, though the length is right', async () => {
    const sha256 = createHash('sha256').update(LONG).digest('hex');
    const known = { bytes: LONG.length, sha256 };
    const read = await readKnown(await written(pack(LONG)), known);
    expect(LONG.equals(read)).toBe(true);
    const flipped = Buffer.from(LONG);
    flipped[500_000]! ^= 1;
    const path = await written(pack(flipped));
    const { message } = await expectCode(() => readKnown(path, known), 'ERR_HASH_MISMATCH');
    expect(message).toContain(sha256);
    expect(message).toContain(createHash('sha256').update(flipped).digest('hex'));
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['appended to', (path) => appendFile(path, 'x')],
    ['truncated', (path) => truncate(path, 10)],
    ['rewritten in its length', async (path) => writeFile(path, await readFile(path))],
  ])('that is %s while it is read is refused', async (_, change) => {
    // Longer than all buffers, however well it is packed.
    const path = await written(pack(randomBytes(2 ** 20)));
    await utimes(path, 1, 1);
    const read = async () => {
      let chunks = 0;
      for await (const _chunk of contentChunks(path)) if (chunks++ === 0) await change(path);
    };
    const { message } = await expectCode(read, 'ERR_FILE_CHANGED');
    expect(message).toContain(path);
  });

  it('may be replaced by another file while it is read', async () => {
    const path = await written(pack(LONG));
    const chunks: Uint8Array[] = [];
    for await (const chunk of contentChunks(path)) {
      if (chunks.length === 0) await rename(await written(Buffer.from('other')), path);
      chunks.push(chunk);
    }
    expect(LONG.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('shows its start', async () => {
    const path = await written(pack(LONG));
    expect(Buffer.compare(await readStart(path, 100), LONG.subarray(0, 100))).toBe(0);
    expect(Buffer.compare(await readStart(path, 2 * LONG.length), LONG)).toBe(0);
  });
});

describe('a gzip file', () => {
  it('is not decompressed beyond the limit', async () => {
    // Decompressing all of it would fail at the missing end instead.
    const path = await written(gzipSync(Buffer.alloc(20_000_000)).subarray(0, -8));
    const error = await expectCode(() => readContents(path, 1_000_000), 'ERR_INVALID_DATA');
    expect(error.message).toContain('more than 1000000 bytes');
    expect(Buffer.compare(await readStart(path, 10), Buffer.alloc(10))).toBe(0);
  });

  it('may consist of several members', async () => {
    const path = await written(Buffer.concat([gzipSync(Buffer.of(1)), gzipSync(Buffer.of(2, 3))]));
    expect([...(await readContents(path, 3))]).toEqual([1, 2, 3]);
  });
});
