import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type KnownFields,
  requireArray,
  requireFunction,
  requireInstance,
  requireKnownFields,
  requirePath,
  requireText,
} from '../base/arguments.js';
import { readKnown } from '../base/contents.js';
import { LetheError } from '../base/errors.js';
import { syncFolder } from '../base/files/sync-folder.js';
import { targetOf } from '../base/files/target.js';
import { fetchFrom } from './http.js';
import { type KnownFile, MNIST_FILES, mnistCacheFolder } from './mnist-files.js';
import { PartFile } from './part-file.js';

/** Servers of MNIST's files as `.gz`. */
const MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
];

/** A compressed file can be slightly larger than its contents. */
const GZIP_OVERHEAD = 2 ** 16;

export interface DownloadProgress {
  readonly file: string;
  /** Bytes of the compressed file, including those of an earlier attempt. */
  readonly bytes: number;
  /** Undefined if the server does not tell the size. */
  readonly totalBytes?: number;
}

export interface DownloadOptions {
  /** The target folder; default: the user's cache, where loadMnist looks. */
  readonly dir?: string;
  /** URLs of folders with the files, tried in order. */
  readonly mirrors?: readonly string[];
  readonly signal?: AbortSignal;
  /**
   * Called at most 20 times a second. If it throws, the download ends and throws the same value.
   */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

const DOWNLOAD_OPTIONS: KnownFields<DownloadOptions> = {
  ...{ dir: true, mirrors: true, signal: true, onProgress: true },
};

/**
 * Downloads MNIST's four files, compressed, and returns their folder. Files that are already there
 * and correct are kept, an interrupted download continues, and a file gets its final name only once
 * its SHA-256 is correct.
 *
 * @throws {LetheError} ERR_DOWNLOAD: no mirror could deliver a file; says what each did.
 * ERR_HASH_MISMATCH: an uncompressed file of the same name exists with other contents. ERR_ABORTED,
 * ERR_IO, ERR_INVALID_ARGUMENT.
 */
export async function downloadMnist(options: DownloadOptions = {}): Promise<string> {
  const { dir = mnistCacheFolder() } = requireKnownFields('options', options, DOWNLOAD_OPTIONS);
  requirePath('dir', dir);
  await downloadFiles(Object.values(MNIST_FILES), dir, options);
  return dir;
}

/** As downloadMnist, for any known files. */
export async function downloadFiles(
  files: readonly KnownFile[],
  folder: string,
  options: DownloadOptions,
): Promise<void> {
  const { mirrors = MIRRORS, signal, onProgress } = options;
  for (const mirror of requireArray('mirrors', mirrors)) {
    if (!URL.canParse(requireText('a mirror', mirror))) {
      throw new LetheError('ERR_INVALID_ARGUMENT', `a mirror must be a URL, but is "${mirror}"`);
    }
  }
  if (signal !== undefined) requireInstance('signal', signal, AbortSignal);
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  try {
    await mkdir(folder, { recursive: true });
    for (const known of files) await ensureFile(known, folder, mirrors, options);
  } catch (cause) {
    if (cause instanceof CallbackFailure) throw cause.error;
    if (signal?.aborted) {
      throw new LetheError(
        'ERR_ABORTED',
        'the download was aborted; the next one will continue it',
        {
          cause,
        },
      );
    }
    if (cause instanceof LetheError) throw cause;
    const { message } = cause as Error;
    throw new LetheError('ERR_IO', `cannot write to ${folder}: ${message}`, { cause });
  }
}

async function ensureFile(
  known: KnownFile,
  folder: string,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<void> {
  const plain = join(folder, known.file);
  const packed = `${plain}.gz`;
  if ((await isRight(plain, known)) || (await isRight(packed, known))) return;
  if (await exists(plain)) {
    // loadMnist would prefer this file to the downloaded one, and removing it is up to the user.
    throw new LetheError(
      'ERR_HASH_MISMATCH',
      `${plain} is not the expected file: remove it and try again`,
    );
  }
  const { folder: place, name } = await targetOf(packed);
  const part = await PartFile.claim(join(place, name));
  try {
    await fetchFile(part.path, known, mirrors, options);
    await rename(part.path, join(place, name));
    await syncFolder(place);
  } finally {
    await part.release();
  }
}

/** @throws {LetheError} ERR_DOWNLOAD: no mirror could deliver the file. */
async function fetchFile(
  part: string,
  known: KnownFile,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<void> {
  const packed = `${known.file}.gz`;
  const failures: string[] = [];
  for (const mirror of mirrors) {
    const url = new URL(packed, mirror.endsWith('/') ? mirror : `${mirror}/`);
    // Twice, because another mirror, which compresses differently, may have left the first bytes.
    for (const attempt of ['goes on', 'starts over']) {
      if (attempt === 'starts over') await rm(part, { force: true });
      const reason = await fetchPart(url, part, known, options);
      if (reason === undefined && (await isRight(part, known))) return;
      failures.push(`${url} ${reason ?? 'serves another file'}`);
      if (reason !== undefined) break;
    }
  }
  throw new LetheError('ERR_DOWNLOAD', `cannot download ${packed}: ${failures.join('; ')}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isRight(path: string, known: KnownFile): Promise<boolean> {
  try {
    await readKnown(path, known);
    return true;
  } catch {
    return false;
  }
}

/** Completes the part file. Returns the reason if the server or the network fails. */
async function fetchPart(
  url: URL,
  part: string,
  known: KnownFile,
  { signal, onProgress }: DownloadOptions,
): Promise<string | undefined> {
  // Opened before the request: if nothing can be written, nothing need be requested.
  const file = await open(part, 'a');
  try {
    const { size: begun } = await file.stat();
    const response = await fetchFrom(url, begun, signal);
    if (typeof response === 'string') return response;
    if (!response.isRest) await file.truncate();
    const report = throttled(onProgress);
    let bytes = response.isRest ? begun : 0;
    const total = response.length === undefined ? undefined : bytes + response.length;
    for await (const chunk of response.chunks) {
      if (chunk instanceof Error) return `broke off: ${chunk.message}`;
      bytes += chunk.length;
      if (bytes > known.bytes + GZIP_OVERHEAD) return 'serves too large a file';
      await file.write(chunk);
      report?.({ file: known.file, bytes, ...(total !== undefined && { totalBytes: total }) });
    }
    await file.sync();
    return undefined;
  } finally {
    await file.close();
  }
}

/** Wraps what a callback has thrown, so that it is rethrown to the caller unchanged. */
class CallbackFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function throttled(
  onProgress: DownloadOptions['onProgress'],
): ((progress: DownloadProgress) => void) | undefined {
  if (!onProgress) return undefined;
  let last = -Infinity;
  return (progress) => {
    const now = performance.now();
    if (now - last < 50 && progress.bytes !== progress.totalBytes) return;
    last = now;
    try {
      onProgress(progress);
    } catch (error) {
      throw new CallbackFailure(error);
    }
  };
}
