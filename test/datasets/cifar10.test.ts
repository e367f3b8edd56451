import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CIFAR10_AFFINE, loadCifar10 } from '#lethe/datasets/cifar10';
import { Dataset } from '#lethe/engine/dataset';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const CIFAR10_DIR = process.env.CIFAR10_DIR;
const FILES = [
  ...[1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  'test_batch.bin',
] as const;
const ROW = 3073;

/** Row n of all files in their order: the label n % 10, then pixels (n + i) % 256. */
const rowOf = (n: number) =>
  Buffer.from([n % 10, ...Array.from({ length: 3072 }, (_, i) => (n + i) % 256)]);

/** Two rows in each file, in the form of CIFAR-10. */
async function written(folder?: string): Promise<string> {
  const target = folder ?? (await temporaryFolder());
  await mkdir(target, { recursive: true });
  for (const [file, name] of FILES.entries()) {
    await writeFile(join(target, name), Buffer.concat([rowOf(2 * file), rowOf(2 * file + 1)]));
  }
  return target;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('loadCifar10', () => {
  it('reads labels and planes of pixels in the order of the files', async () => {
    const dir = await written();
    const { train, test, folder } = await loadCifar10({ dir, checkHashes: false });
    expect(folder).toBe(dir);
    expect([train.name, train.rows, train.columns, train.classes]).toEqual([
      'CIFAR-10 train',
      10,
      3072,
      10,
    ]);
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...test.labels]).toEqual([0, 1]);
    expect([train.classNames[3], test.classNames[9]]).toEqual(['cat', 'truck']);
    for (const row of [0, 9]) {
      const pixels = train.features.subarray(row * 3072, (row + 1) * 3072);
      expect(Buffer.from(pixels).equals(rowOf(row).subarray(1))).toBe(true);
    }
    const [first] = new Dataset(test).normalized([0]);
    expect(first).toBeCloseTo((10 / 255 - 0.5) / 0.5, 6);
    expect(train.affine).toEqual(CIFAR10_AFFINE);
  });

  it('finds the folder that the archive makes, and that of the environment', async () => {
    const dir = await temporaryFolder();
    const inner = await written(join(dir, 'cifar-10-batches-bin'));
    expect((await loadCifar10({ dir, checkHashes: false })).folder).toBe(inner);
    vi.stubEnv('CIFAR10_DIR', inner);
    expect((await loadCifar10({ checkHashes: false })).folder).toBe(inner);
  });

  it('refuses files that are not those of CIFAR-10', async () => {
    const dir = await written();
    const { message } = await expectCode(() => loadCifar10({ dir }), 'ERR_HASH_MISMATCH');
    expect(message).toContain('data_batch_1.bin');
    expect(message).toContain('expected aadd24acce27caa71bf4b10992e9e7b2d74c2540');
  });

  it('says what is missing and where it comes from', async () => {
    vi.stubEnv('CIFAR10_DIR', '');
    const nowhere = await expectCode(() => loadCifar10(), 'ERR_DATA_NOT_FOUND');
    expect(nowhere.message).toContain('cifar-10-binary.tar.gz');
    const dir = await written();
    await rm(join(dir, 'data_batch_4.bin'));
    const partly = await expectCode(() => loadCifar10({ dir }), 'ERR_DATA_NOT_FOUND');
    expect(partly.message).toContain(`CIFAR-10's data_batch_4.bin is not in ${dir}`);
    const empty = await temporaryFolder();
    await expectCode(() => loadCifar10({ dir: empty }), 'ERR_DATA_NOT_FOUND');
  });

  it.each<[string, Buffer, string]>([
    ['no rows', Buffer.alloc(0), 'it has 0 bytes'],
    ['part of a row', rowOf(0).subarray(1), 'it has 3072 bytes, but must have 3073 for each row'],
    ['one byte too many', Buffer.alloc(ROW + 1), 'it has 3074 bytes'],
    [
      'a label of no class',
      Buffer.concat([rowOf(1), Buffer.alloc(ROW, 10)]),
      'row 2 has the label 10',
    ],
  ])('refuses a file with %s', async (_, contents, expected) => {
    const dir = await written();
    await writeFile(join(dir, 'data_batch_2.bin'), contents);
    const load = () => loadCifar10({ dir, checkHashes: false });
    const { message } = await expectCode(load, 'ERR_INVALID_DATA');
    expect(message).toContain(`data_batch_2.bin: ${expected}`);
  });

  it.each<[string, object]>([
    ['a number for a folder', { dir: 7 }],
    ['a text for a switch', { checkHashes: 'no' }],
    ['an unknown option', { folder: '.' }],
  ])('refuses %s', async (_, options) => {
    await expectCode(() => loadCifar10(wrong(options)), 'ERR_INVALID_ARGUMENT');
  });

  it.skipIf(!CIFAR10_DIR)('reads CIFAR-10 itself', async () => {
    const { train, test } = await loadCifar10({ dir: CIFAR10_DIR! });
    expect([train.rows, test.rows]).toEqual([50_000, 10_000]);
    for (let label = 0; label < 10; label++) {
      expect(train.labels.filter((found) => found === label)).toHaveLength(5000);
    }
  });
});
