import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { requireKnownFields, requirePath } from '../base/arguments.js';
import { readKnown } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import type { AffineMap, LabelledData } from '../engine/labelled-data.js';
import { type IdxArray, parseIdx } from './idx.js';
import { labelledFromIdx } from './labelled-idx.js';
import { type KnownFile, MNIST_FILES, mnistCacheFolder } from './mnist-files.js';

const CLASSES = 10;

/** The usual normalization: pixel / 255 with mean 0.1307 and standard deviation 0.3081. */
export const MNIST_AFFINE: AffineMap = {
  scale: Math.fround(1 / (255 * 0.3081)),
  offset: Math.fround(-0.1307 / 0.3081),
};

export interface Mnist {
  readonly train: LabelledData;
  readonly test: LabelledData;
  /** The folder of the files. */
  readonly folder: string;
}

export interface MnistOptions {
  /**
   * The folder with the four files, plain or `.gz`; default: `MNIST_DIR`, else the user's cache.
   */
  readonly dir?: string;
}

/**
 * MNIST's 60,000 training and 10,000 test rows of 784 pixels, checked against their SHA-256.
 *
 * @throws {LetheError} ERR_DATA_NOT_FOUND: says where it looked. ERR_HASH_MISMATCH.
 * ERR_INVALID_DATA: a broken gzip stream, or more bytes than MNIST has. ERR_IO,
 * ERR_INVALID_ARGUMENT.
 */
export async function loadMnist(options: MnistOptions = {}): Promise<Mnist> {
  const folder = await findMnist(options);
  return {
    folder,
    train: await loadPart(folder, 'MNIST train', MNIST_FILES.trainImages, MNIST_FILES.trainLabels),
    test: await loadPart(folder, 'MNIST test', MNIST_FILES.testImages, MNIST_FILES.testLabels),
  };
}

/** Finds the folder; uses the cache only if neither the caller nor the environment names one. */
export async function findMnist(options: MnistOptions = {}): Promise<string> {
  const { dir } = requireKnownFields('options', options, { dir: true });
  if (dir !== undefined) requirePath('dir', dir);
  const folder = dir ?? (process.env.MNIST_DIR || mnistCacheFolder());
  for (const { file } of Object.values(MNIST_FILES)) await locate(folder, file);
  return folder;
}

async function loadPart(
  folder: string,
  name: string,
  images: KnownFile,
  labels: KnownFile,
): Promise<LabelledData> {
  return labelledFromIdx({
    name,
    images: await readChecked(folder, images),
    labels: await readChecked(folder, labels),
    classes: CLASSES,
    affine: MNIST_AFFINE,
  });
}

async function readChecked(folder: string, known: KnownFile): Promise<IdxArray> {
  const path = await locate(folder, known.file);
  return parseIdx(await readKnown(path, known), path);
}

async function locate(folder: string, file: string): Promise<string> {
  for (const path of [join(folder, file), join(folder, `${file}.gz`)]) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new LetheError(
    'ERR_DATA_NOT_FOUND',
    `MNIST's ${file} (or ${file}.gz) is not in ${folder}: name the folder that holds the four ` +
      'files with the option `dir` or the environment variable MNIST_DIR',
  );
}
