import { createRequire } from 'node:module';
import { join } from 'node:path';
import { requireDescriptors } from '../base/descriptors.js';
import { LetheError, type LetheErrorCode } from '../base/errors.js';
import { PACKAGE_ROOT } from '../base/package-root.js';

/** Only this file loads the addon; the types here mirror native/node. */
export interface NativeDataset {
  normalized(arguments_: { rows: Uint32Array }): Float32Array;
  /** The features as they are stored, without the affine map. */
  stored(arguments_: { rows: Uint32Array }): Uint8Array | Float32Array;
  /** Frees the memory, or lets go of the file; no run may be reading it. */
  close(): void;
}

/** A file that is read as if it were memory. */
export interface NativeMappedFile {
  /** In bytes. */
  size(): number;
  read(arguments_: { begin: number; size: number }): Promise<Uint8Array>;
  /** A data set whose features stay in the file, from `begin` on; it takes the file. */
  dataset(
    arguments_: Omit<NativeDatasetFacts, 'order'> & { begin: number; bytes: boolean },
  ): Promise<NativeDataset>;
  /** Lets go of the file, unless a data set has it. */
  close(): void;
}

interface NativeDatasetFacts {
  labels: Uint32Array;
  columns: number;
  classes: number;
  scale: number;
  offset: number;
  /** Row order[i] of those given gets the place i. */
  order?: Uint32Array;
  /** [columns], 1 where NaN stands for a missing value; default: nowhere. */
  missing?: Uint8Array;
}

/** Takes whole rows, and makes one data set of them. */
export interface NativeDatasetBuilder {
  append(features: Uint8Array | Float32Array): void;
  finish(arguments_: NativeDatasetFacts): Promise<NativeDataset>;
}

/** Ids of rows: whole numbers, or texts of which text i ends before ends[i]. */
export type NativeIds = { numbers: BigInt64Array } | { bytes: Uint8Array; ends: Uint32Array };

export interface NativeModel {
  parameters(): Float32Array;
  predict(arguments_: {
    features: Uint8Array | Float32Array;
    scale: number;
    offset: number;
    threads: number;
  }): Float32Array;
}

export interface NativePlan {
  rows: Uint32Array;
  batchSize: number;
  epochs: number;
  maxSteps?: number;
  shuffleSeed?: number;
  sampledRows?: Uint32Array;
  samplesPerEpoch?: number;
  hardest?: number;
}

/** Knots (at, values), interpolated linearly; `at` is a share of the run's steps. */
export interface NativeSchedule {
  at: Float32Array;
  values: Float32Array;
}

export interface NativeObjective {
  target: 'label' | 'uniform' | 'masked' | 'explicit';
  weight: number;
  removed?: Uint8Array;
  distributions?: Float32Array;
  rowWeights?: Float32Array;
}

export type NativeSink =
  | {
      kind: 'sgd';
      learningRate: NativeSchedule;
      momentum: number;
      weightDecay: number;
      nesterov: boolean;
      trackedRows?: Uint32Array;
      inputScaling?: { centres: Float32Array; rates: Float32Array; unit: number };
    }
  | {
      kind: 'clampedFisher';
      fisher: Float32Array;
      learningRate: number;
      alpha: number;
      clamp: number;
    }
  | { kind: 'gradient' }
  | { kind: 'squaredGradient'; mode: 'batch' | 'perRow' }
  | { kind: 'kroneckerFactors' }
  | { kind: 'logits' }
  | { kind: 'rowLosses' };

/** Where and how a pass is computed. */
export interface NativeCompute {
  threads: number;
  device: 'cpu' | 'cuda';
  precision: 'exact' | 'fast';
  concurrentRuns: number;
}

export interface NativePass extends NativeCompute {
  model: NativeModel;
  dataset: NativeDataset;
  plan: NativePlan;
  objective: NativeObjective;
  sink: NativeSink;
}

interface NativeLinearMap {
  columns: Uint32Array;
  weights: Float32Array;
  bias: Float32Array;
}

/** The progress of a run. */
export interface Progress {
  /** Finished steps, out of `steps`; rows, units or block rows where a function says so. */
  readonly step: number;
  readonly steps: number;
  /** The epoch of the last step, from 0. */
  readonly epoch: number;
}

export interface PassOutcome {
  /** Mean row loss of each epoch, in nats. */
  readonly epochLoss: number[];
  readonly steps: number;
  /** Visited rows, counted once per visit. */
  readonly rows: number;
  /** The result of a collecting sink; with tracked rows, the sum of their steps' changes. */
  readonly values?: Float32Array;
  /** Steps whose batch contained a tracked row. */
  readonly trackedSteps?: number;
}

/** Encodes raw values as inputs of a network. */
export interface NativeInputEncoding {
  /** Float32 [rows, columns] to float32 [rows, inputs]. */
  encode(arguments_: { features: Float32Array }): Float32Array;
  /** All rows, erased ones too. */
  encodeRows(arguments_: { dataset: NativeDataset; threads: number }): Promise<NativeDataset>;
}

/** Of the values of each column that are not missing, [columns]. */
export interface NativePresentStatistics {
  counts: Float64Array;
  means: Float64Array;
  variances: Float64Array;
}

/** Means and variances, [columns]. */
export interface NativeColumnStatistics {
  means: Float64Array;
  variances: Float64Array;
}

/** Directions of the largest variance, [components, columns], and the variance along each. */
export interface NativeComponents {
  directions: Float32Array;
  variances: Float64Array;
  totalVariance: number;
}

/** Work that runs off the main thread. */
export interface NativeRun<T> {
  readonly promise: Promise<T>;
  abort(): void;
}

export interface NativeAddon {
  Dataset: new (
    arguments_:
      | (NativeDatasetFacts & { features: Uint8Array | Float32Array })
      | { source: NativeDataset; rows: Uint32Array; columns: Uint32Array },
  ) => NativeDataset;
  InputEncoding: new (arguments_: {
    isCategory: Uint8Array;
    hasIndicator: Uint8Array;
    fills: Float32Array;
    centres: Float32Array;
    scales: Float32Array;
    categories: Uint32Array;
  }) => NativeInputEncoding;
  DatasetBuilder: new (arguments_: { bytes: boolean }) => NativeDatasetBuilder;
  /** The places of the ids in ascending order, texts by their bytes; equal ids keep their order. */
  sortIds(ids: NativeIds): Promise<Uint32Array>;
  sortIdsSync(ids: NativeIds): Uint32Array;
  openMappedFile(arguments_: { path: string }): Promise<NativeMappedFile>;
  /** Those of these rows whose features are not all zero bytes. */
  rowsWithContent(arguments_: { dataset: NativeDataset; rows: Uint32Array }): Promise<Uint32Array>;
  /**
   * Overwrites rows in native memory, on the CUDA device, and in the data set's file, with these
   * ranges of it: `marks` before everything else. No run may be reading them. Resolves to the error of
   * a device that failed, with which its memory is lost.
   */
  eraseRows(arguments_: {
    dataset: NativeDataset;
    rows: Uint32Array;
    marks?: Float64Array;
    others?: Float64Array;
  }): Promise<Error | undefined>;
  Model: new (
    arguments_:
      | { widths: Uint32Array; seed: number }
      | { widths: Uint32Array; parameters: Float32Array }
      /** Shares the parameters until either model changes. */
      | { source: NativeModel },
  ) => NativeModel;
  pass(request: NativePass, onProgress?: (progress: Progress) => void): NativeRun<PassOutcome>;
  mapRows(
    request: NativeLinearMap & { source: NativeDataset; rows: Uint32Array; threads: number },
    onProgress?: (progress: Progress) => void,
  ): NativeRun<NativeDataset>;
  foldLinearMap(
    request: NativeLinearMap & { model: NativeModel; inputs: number; threads: number },
    onProgress?: (progress: Progress) => void,
  ): NativeRun<NativeModel>;
  columnStatistics(arguments_: {
    dataset: NativeDataset;
    rows: Uint32Array;
    threads: number;
  }): Promise<NativeColumnStatistics>;
  presentStatistics(arguments_: {
    dataset: NativeDataset;
    rows: Uint32Array;
    threads: number;
  }): Promise<NativePresentStatistics>;
  squaredNorms(arguments_: {
    dataset: NativeDataset;
    rows: Uint32Array;
    centres: Float64Array;
    scales: Float64Array;
    threads: number;
  }): Promise<Float64Array>;
  principalComponents(arguments_: {
    dataset: NativeDataset;
    rows: Uint32Array;
    columns: Uint32Array;
    means: Float64Array;
    scales: Float64Array;
    components: number;
    seed: number;
    threads: number;
  }): Promise<NativeComponents>;
  kroneckerSolve(
    request: {
      widths: Uint32Array;
      factors: Float32Array;
      gradient: Float32Array;
      damping: number;
      threads: number;
    },
    onProgress?: (progress: Progress) => void,
  ): NativeRun<Float32Array>;
  device(): string;
  cudaStatus(): CudaStatus;
}

/** Whether there is a CUDA device to compute on. */
export interface CudaStatus {
  readonly available: boolean;
  /** The device's name and architecture, or what is missing and how to fix it. */
  readonly description: string;
}

/** The devices that can compute. */
export interface Devices {
  /** The backend and its instruction set, e.g. `cpu avx512`. */
  readonly cpu: string;
  readonly cuda: CudaStatus;
}

const ADDON_PATH = './build/Release/lethe.node';

/** The addon, and a library that it needs. */
const LOADING_DESCRIPTORS = 4;

let addon: NativeAddon | undefined;

/** Loads the addon at the first use, so that importing the package costs nothing. */
function native(): NativeAddon {
  if (addon) return addon;
  requireDescriptors('load', 'the native addon', LOADING_DESCRIPTORS);
  try {
    // From a file and not from the folder, because Jest's createRequire accepts only files.
    addon = createRequire(join(PACKAGE_ROOT, 'package.json'))(ADDON_PATH) as NativeAddon;
  } catch (cause) {
    throw new LetheError(
      'ERR_ADDON_MISSING',
      `the native addon cannot be loaded: run \`npm run build:addon\` in ${PACKAGE_ROOT}`,
      { cause },
    );
  }
  return addon;
}

/** Rethrows an error of the addon as the public error class. */
export function toLetheError(error: unknown): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (error instanceof LetheError || !code?.startsWith('ERR_')) return error;
  return new LetheError(code as LetheErrorCode, message ?? code, { cause: error });
}

/** The CPU backend and its instruction set on this machine, e.g. `cpu avx512`. */
export function device(): string {
  return native().device();
}

/** The devices that can compute now: each call looks for a CUDA device again. */
export function devices(): Devices {
  return { cpu: device(), cuda: native().cudaStatus() };
}

/** Calls into the addon and rethrows its errors as the public error class. */
export function callNative<T>(call: (addon: NativeAddon) => T): T {
  const loaded = native();
  try {
    return call(loaded);
  } catch (error) {
    throw toLetheError(error);
  }
}

/** As callNative, for a call that returns a promise. */
export function promiseNative<T>(call: (addon: NativeAddon) => Promise<T>): Promise<T> {
  return callNative(call).catch((error: unknown) => {
    throw toLetheError(error);
  });
}
