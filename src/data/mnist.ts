import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { requireObject, requireText } from '../arguments.js';
import { LetheError } from '../errors.js';
import { readContents } from './contents.js';
import { type IdxArray, parseIdx } from './idx.js';
import type { AffineMap, LabelledData } from './labelled-data.js';
import { labelledFromIdx } from './labelled-idx.js';

/** The files of MNIST, the size and the SHA-256 of their uncompressed contents. */
const FILES = {
  trainImages: {
    file: 'train-images-idx3-ubyte',
    bytes: 16 + 60_000 * 784,
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  trainLabels: {
    file: 'train-labels-idx1-ubyte',
    bytes: 8 + 60_000,
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  testImages: {
    file: 't10k-images-idx3-ubyte',
    bytes: 16 + 10_000 * 784,
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  testLabels: {
    file: 't10k-labels-idx1-ubyte',
    bytes: 8 + 10_000,
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
} as const;

type MnistFile = (typeof FILES)[keyof typeof FILES];

const CLASSES = 10;

/** The usual normalization: pixel / 255 with mean 0.1307 and standard deviation 0.3081. */
export const MNIST_AFFINE: AffineMap = {
  scale: Math.fround(1 / (255 * 0.3081)),
  offset: Math.fround(-0.1307 / 0.3081),
};

export interface Mnist {
  readonly train: LabelledData;
  readonly test: LabelledData;
  /** Where the files were found. */
  readonly folder: string;
}

export interface MnistOptions {
  /** The folder with the four files, plain or `.gz`; default: `MNIST_DIR`, else the user's cache. */
  readonly dir?: string;
}

/**
 * MNIST's 60,000 training and 10,000 test rows of 784 pixels, checked against their SHA-256.
 *
 * @throws {LetheError} ERR_DATA_NOT_FOUND: says where it has looked. ERR_HASH_MISMATCH.
 * ERR_INVALID_DATA: a broken gzip stream, or more bytes than MNIST has. ERR_IO, ERR_INVALID_ARGUMENT.
 */
export async function loadMnist(options: MnistOptions = {}): Promise<Mnist> {
  const folder = await findMnist(options);
  return {
    folder,
    train: await loadPart(folder, 'MNIST train', FILES.trainImages, FILES.trainLabels),
    test: await loadPart(folder, 'MNIST test', FILES.testImages, FILES.testLabels),
  };
}

/** A folder that the caller or the environment names is never replaced by another one. */
export async function findMnist(options: MnistOptions = {}): Promise<string> {
  const { dir } = requireObject('options', options);
  if (dir !== undefined && requireText('dir', dir) === '') {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'dir is empty: name a folder, or leave it out');
  }
  const folder = dir ?? (process.env.MNIST_DIR || join(cacheFolder(), 'lethe', 'mnist'));
  for (const { file } of Object.values(FILES)) await locate(folder, file);
  return folder;
}

async function loadPart(
  folder: string,
  name: string,
  images: MnistFile,
  labels: MnistFile,
): Promise<LabelledData> {
  return labelledFromIdx({
    name,
    images: await readChecked(folder, images),
    labels: await readChecked(folder, labels),
    classes: CLASSES,
    affine: MNIST_AFFINE,
  });
}

async function readChecked(folder: string, { file, bytes, sha256 }: MnistFile): Promise<IdxArray> {
  const path = await locate(folder, file);
  const hash = createHash('sha256');
  const contents = await readContents(path, bytes, (chunk) => hash.update(chunk));
  const actual = hash.digest('hex');
  if (actual !== sha256) {
    throw new LetheError(
      'ERR_HASH_MISMATCH',
      `${path} is not MNIST's ${file}: its SHA-256 is ${actual}, expected ${sha256}`,
    );
  }
  return parseIdx(contents, path);
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

/** Where programs keep what they can fetch again. */
function cacheFolder(): string {
  switch (platform()) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches');
    case 'win32':
      return process.env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
    default:
      return process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  }
}
