import { Dataset, type LabelledData, LetheError } from 'lethe';
import { downloadMnist, loadCifar10, loadMnist, syntheticDigits } from 'lethe/datasets';
import type { Progress } from './progress.js';

const EXAMPLES = 100;

/** The rows that a bench trains and tests on. */
export interface BenchData {
  readonly train: Dataset;
  readonly test: Dataset;
  /** The training rows as read, for the assignment of owners. */
  readonly source: Pick<LabelledData, 'rows' | 'labels'>;
}

export interface DataFlags {
  readonly data?: string;
  /** Default MNIST. */
  readonly dataset?: 'mnist' | 'cifar10';
  readonly synthetic: boolean;
  readonly download: boolean;
}

/** What to study, and where PyTorch finds the same: undefined where it is not MNIST. */
export interface LoadedData {
  readonly data: BenchData;
  readonly mnistFolder: string | undefined;
  /** The raw bytes of some test rows. */
  readonly examples: readonly Uint8Array[];
}

/**
 * CIFAR-10 where it is asked for. MNIST from the folder that the user names; else from the cache, downloaded if need be; else, said out
 * loud, synthetic digits.
 *
 * @throws {LetheError} as loadCifar10; as loadMnist where the user has named a folder; ERR_IO
 */
export async function loadBenchData(flags: DataFlags, progress: Progress): Promise<LoadedData> {
  if (flags.dataset === 'cifar10') return readCifar10(flags.data, progress);
  if (flags.synthetic) return drawDigits(progress);
  try {
    return await readMnist(flags.data, progress);
  } catch (error) {
    const isNamed = flags.data !== undefined || Boolean(process.env.MNIST_DIR);
    if (isNamed || !isCode(error, 'ERR_DATA_NOT_FOUND')) throw error;
  }
  let reason = 'MNIST is not in the cache, and --no-download forbids to fetch it.';
  if (flags.download) {
    try {
      return await readMnist(await download(progress), progress);
    } catch (error) {
      if (!isCode(error, 'ERR_DOWNLOAD')) throw error;
      reason = `MNIST is not at hand: ${(error as LetheError).message}.`;
    }
  }
  progress.say(
    `${reason}\nGoing on with synthetic digits of the same shape. What follows is NOT about MNIST; for that, ` +
      'name a folder that holds its four files with --data DIR.',
  );
  return drawDigits(progress);
}

async function readCifar10(folder: string | undefined, progress: Progress): Promise<LoadedData> {
  progress.stage('reading CIFAR-10');
  const cifar = await loadCifar10(folder === undefined ? {} : { dir: folder });
  return { data: benchData(cifar), mnistFolder: undefined, examples: firstRows(cifar.test) };
}

async function readMnist(folder: string | undefined, progress: Progress): Promise<LoadedData> {
  progress.stage('reading MNIST');
  const mnist = await loadMnist(folder === undefined ? {} : { dir: folder });
  return { data: benchData(mnist), mnistFolder: mnist.folder, examples: firstRows(mnist.test) };
}

async function download(progress: Progress): Promise<string> {
  return downloadMnist({
    onProgress: ({ file, bytes, totalBytes }) =>
      progress.part(`downloading ${file}`, totalBytes ? bytes / totalBytes : 0),
  });
}

function drawDigits(progress: Progress): LoadedData {
  progress.stage('drawing synthetic digits');
  const digits = syntheticDigits();
  return { data: benchData(digits), mnistFolder: undefined, examples: firstRows(digits.test) };
}

function benchData({ train, test }: { train: LabelledData; test: LabelledData }): BenchData {
  const source = { rows: train.rows, labels: train.labels };
  return { train: new Dataset(train), test: new Dataset(test), source };
}

/** Copies, so that the array that was read can go. */
function firstRows({ features, columns }: LabelledData): Uint8Array[] {
  return Array.from({ length: EXAMPLES }, (_, row) =>
    Uint8Array.from(features.subarray(row * columns, (row + 1) * columns)),
  );
}

function isCode(error: unknown, code: LetheError['code']): boolean {
  return error instanceof LetheError && error.code === code;
}
