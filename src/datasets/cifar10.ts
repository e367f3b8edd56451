import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { requireBoolean, requireKnownFields, requirePath } from '../base/arguments.js';
import { readContents, requireHash } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import { regularStats } from '../base/regular-file.js';
import type { AffineMap, LabelledData } from '../engine/labelled-data.js';

/** The dataset's own names of its classes, in the order of `batches.meta.txt`. */
const CLASS_NAMES = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
] as const;

/** The red, then the green, then the blue values of 32 x 32 pixels, each row-major. */
const COLUMNS = 3 * 32 * 32;

/** A row is a label, then the pixels. */
const ROW_BYTES = 1 + COLUMNS;

interface Batch {
  readonly file: string;
  /**
   * In hex. The authors publish a hash of the archive alone; these are those by which Apache MXNet's
   * `gluon.data.vision.CIFAR10` checks what it has unpacked.
   */
  readonly sha1: string;
}

const TRAIN: readonly Batch[] = [
  { file: 'data_batch_1.bin', sha1: 'aadd24acce27caa71bf4b10992e9e7b2d74c2540' },
  { file: 'data_batch_2.bin', sha1: 'c0ba65cce70568cd57b4e03e9ac8d2a5367c1795' },
  { file: 'data_batch_3.bin', sha1: '1dd00a74ab1d17a6e7d73e185b69dbf31242f295' },
  { file: 'data_batch_4.bin', sha1: 'aab85764eb3584312d3c7f65fd2fd016e36a258e' },
  { file: 'data_batch_5.bin', sha1: '26e2849e66a845b7f1e4614ae70f4889ae604628' },
];

const TEST: readonly Batch[] = [
  { file: 'test_batch.bin', sha1: '67eb016db431130d61cd03c7ad570b013799c88c' },
];

/** To [-1, 1], as PyTorch's tutorial on CIFAR-10 does for every channel: (pixel / 255 - 0.5) / 0.5. */
export const CIFAR10_AFFINE: AffineMap = { scale: Math.fround(2 / 255), offset: -1 };

/** Rows whose classes have names. */
export interface Cifar10Rows extends LabelledData {
  readonly classNames: readonly string[];
}

export interface Cifar10 {
  /** Byte features [rows, 3072]: the red plane of 32 x 32 pixels, then the green, then the blue. */
  readonly train: Cifar10Rows;
  readonly test: Cifar10Rows;
  /** The folder of the files. */
  readonly folder: string;
}

export interface Cifar10Options {
  /**
   * The folder with the six files of the binary version, as its archive names them, or with the folder
   * `cifar-10-batches-bin` that holds them; default: `CIFAR10_DIR`.
   */
  readonly dir?: string;
  /** Default true; false takes any files of this form, e.g. such with fewer rows. */
  readonly checkHashes?: boolean;
}

/**
 * CIFAR-10's 50,000 training and 10,000 test rows, in the order of the files, checked against their SHA-1.
 * Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 *
 * @throws {LetheError} ERR_DATA_NOT_FOUND: says where it looked. ERR_HASH_MISMATCH. ERR_INVALID_DATA: no
 * whole number of rows, or a label that is not in 0..9. ERR_OUT_OF_MEMORY, ERR_IO, ERR_INVALID_ARGUMENT.
 */
export async function loadCifar10(options: Cifar10Options = {}): Promise<Cifar10> {
  const known = requireKnownFields('options', options, { dir: true, checkHashes: true });
  const checkHashes = requireBoolean('checkHashes', known.checkHashes ?? true);
  const folder = await findFolder(known.dir);
  return {
    folder,
    train: await loadBatches('CIFAR-10 train', folder, TRAIN, checkHashes),
    test: await loadBatches('CIFAR-10 test', folder, TEST, checkHashes),
  };
}

async function findFolder(named: string | undefined): Promise<string> {
  const dir = named === undefined ? process.env.CIFAR10_DIR : requirePath('dir', named);
  const remedy =
    'name the folder of the binary version (https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, ' +
    'unpacked) with the option `dir` or the environment variable CIFAR10_DIR';
  if (!dir) throw new LetheError('ERR_DATA_NOT_FOUND', `CIFAR-10 has no folder: ${remedy}`);
  for (const folder of [dir, join(dir, 'cifar-10-batches-bin')]) {
    const missing = await firstMissing(folder);
    if (missing === undefined) return folder;
    if (missing !== TRAIN[0]!.file) {
      throw new LetheError(
        'ERR_DATA_NOT_FOUND',
        `CIFAR-10's ${missing} is not in ${folder}: ${remedy}`,
      );
    }
  }
  throw new LetheError('ERR_DATA_NOT_FOUND', `CIFAR-10 is not in ${dir}: ${remedy}`);
}

async function firstMissing(folder: string): Promise<string | undefined> {
  for (const { file } of [...TRAIN, ...TEST]) {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (!found?.isFile()) return file;
  }
  return undefined;
}

async function loadBatches(
  name: string,
  folder: string,
  batches: readonly Batch[],
  checkHashes: boolean,
): Promise<Cifar10Rows> {
  const sizes: number[] = [];
  for (const { file } of batches) sizes.push(await rowsIn(join(folder, file)));
  const rows = sizes.reduce((sum, more) => sum + more, 0);
  // Once as read, once more for the largest file, and once in native memory.
  requireMemory(folder, 3 * rows * ROW_BYTES);
  const features = new Uint8Array(rows * COLUMNS);
  const labels = new Uint32Array(rows);
  let row = 0;
  for (const [index, { file, sha1 }] of batches.entries()) {
    const path = join(folder, file);
    const contents = await readContents(path, sizes[index]! * ROW_BYTES);
    if (checkHashes) await requireHash(path, contents, 'sha1', sha1);
    for (let start = 0; start < contents.length; start += ROW_BYTES, row++) {
      labels[row] = checkLabel(path, start / ROW_BYTES, contents[start]!);
      features.set(contents.subarray(start + 1, start + ROW_BYTES), row * COLUMNS);
    }
  }
  return {
    ...{ name, rows, columns: COLUMNS, features, affine: CIFAR10_AFFINE, labels },
    ...{ classes: CLASS_NAMES.length, classNames: CLASS_NAMES },
  };
}

async function rowsIn(path: string): Promise<number> {
  const { size } = await regularStats(path);
  if (size > 0 && size % ROW_BYTES === 0) return size / ROW_BYTES;
  throw invalidData(
    path,
    `it has ${size} bytes, but must have ${ROW_BYTES} for each row: a label and ${COLUMNS} pixels`,
  );
}

function checkLabel(path: string, row: number, label: number): number {
  if (label < CLASS_NAMES.length) return label;
  throw invalidData(path, `row ${row + 1} has the label ${label}, not one of 0..9`);
}
