import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readContents } from '#lethe/base/contents';
import { findMnist, loadMnist } from '#lethe/datasets/mnist';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MNIST_DIR = process.env.MNIST_DIR;

const FILES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];

/** A folder with files of the right names, but other contents. */
async function folderOfStubs(parent?: string): Promise<string> {
  const folder = parent ?? (await temporaryFolder());
  await mkdir(folder, { recursive: true });
  for (const file of FILES) await writeFile(join(folder, `${file}.gz`), 'not MNIST');
  return folder;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('findMnist', () => {
  it('prefers the given folder to the environment, and that to the cache', async () => {
    const [named, environment, cache] = [
      await folderOfStubs(),
      await folderOfStubs(),
      await temporaryFolder(),
    ];
    const cached = await folderOfStubs(join(cache, 'lethe', 'mnist'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
    vi.stubEnv('MNIST_DIR', environment);
    expect(await findMnist({ dir: named })).toBe(named);
    expect(await findMnist()).toBe(environment);
    vi.stubEnv('MNIST_DIR', '');
    expect(await findMnist()).toBe(cached);
  });

  it('never uses another folder than the given one', async () => {
    vi.stubEnv('MNIST_DIR', await folderOfStubs());
    const empty = await temporaryFolder();
    const error = await expectCode(() => findMnist({ dir: empty }), 'ERR_DATA_NOT_FOUND');
    expect(error.message).toContain(empty);
  });

  it('names the file that is missing', async () => {
    const folder = await temporaryFolder();
    for (const file of FILES.slice(0, 3)) await writeFile(join(folder, file), '');
    const error = await expectCode(() => findMnist({ dir: folder }), 'ERR_DATA_NOT_FOUND');
    expect(error.message).toContain(FILES[3]);
  });
});

describe('loadMnist', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ])('refuses %s files whose hash is not that of MNIST, and states both', async (_, pack) => {
    // Of the right length and form: an IDX file of 60,000 black pictures.
    const contents = Buffer.alloc(16 + 60_000 * 784);
    for (const [i, value] of [0x803, 60_000, 28, 28].entries())
      contents.writeUInt32BE(value, 4 * i);
    const dir = await folderOfStubs();
    const path = join(dir, `${FILES[0]}.gz`);
    await writeFile(path, pack(contents));
    const error = await expectCode(() => loadMnist({ dir }), 'ERR_HASH_MISMATCH');
    expect(error.message).toContain(path);
    expect(error.message).toContain(createHash('sha256').update(contents).digest('hex'));
    expect(error.message).toContain(
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    );
  });

  it('does not decompress a file beyond the size of MNIST', async () => {
    const dir = await folderOfStubs();
    const [images] = FILES;
    // Decompressing all of it would fail at the missing end instead.
    const bomb = gzipSync(Buffer.alloc(16 + 60_000 * 784 + 1_000_000)).subarray(0, -8);
    await writeFile(join(dir, `${images}.gz`), bomb);
    const error = await expectCode(() => loadMnist({ dir }), 'ERR_INVALID_DATA');
    expect(error.message).toContain('more than 47040016 bytes');
  });

  it.each(['', 7, null, {}])('refuses %j as a folder', async (dir) => {
    vi.stubEnv('MNIST_DIR', await folderOfStubs());
    await expectCode(() => loadMnist({ dir: wrong(dir) }), 'ERR_INVALID_ARGUMENT');
  });
});

describe.skipIf(!MNIST_DIR)('real MNIST', () => {
  const count = (labels: Uint32Array) =>
    labels.reduce((counts, label) => counts.with(label, counts[label]! + 1), Array(10).fill(0));

  it('has the published shapes, labels and class counts', async () => {
    const { train, test } = await loadMnist({ dir: MNIST_DIR! });
    expect(train).toMatchObject({ name: 'MNIST train', rows: 60000, columns: 784, classes: 10 });
    expect(test).toMatchObject({ name: 'MNIST test', rows: 10000, columns: 784, classes: 10 });
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(count(train.labels)).toEqual([
      5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]);
    expect(count(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  it('is normalized to mean 0 and standard deviation 1', async () => {
    const { train } = await loadMnist({ dir: MNIST_DIR! });
    const { scale, offset } = train.affine!;
    let sum = 0;
    let squares = 0;
    for (const u of train.features) {
      const x = scale * u + offset;
      sum += x;
      squares += x * x;
    }
    const mean = sum / train.features.length;
    expect(mean).toBeCloseTo(0, 3);
    expect(Math.sqrt(squares / train.features.length - mean ** 2)).toBeCloseTo(1, 3);
  });

  it('is read from uncompressed files too', async () => {
    const dir = await temporaryFolder();
    for (const name of await readdir(MNIST_DIR!)) {
      if (name.startsWith('train')) await copyFile(join(MNIST_DIR!, name), join(dir, name));
      if (!name.startsWith('t10k')) continue;
      const contents = await readContents(join(MNIST_DIR!, name), 2 ** 26);
      await writeFile(join(dir, name.replace(/\.gz$/, '')), contents);
    }
    const { test } = await loadMnist({ dir });
    expect(test.rows).toBe(10000);
  });
});
