import { dirname } from 'node:path';
import { containedPath } from '../../base/contained-path.js';
import { LetheError } from '../../base/errors.js';
import { readWholeFile } from '../../base/files.js';
import { requireMemory } from '../../base/memory.js';
import { regularStats } from '../../base/regular-file.js';
import { decodeSafetensors, type SafetensorsFile, type Tensor } from '../../engine/safetensors.js';
import { invalidModel } from '../model-error.js';

/** What `model.safetensors.index.json` says; format: https://huggingface.co/docs/safetensors */
interface ShardIndex {
  /** The file that holds each tensor, by the tensor's name. */
  readonly files: ReadonlyMap<string, string>;
  /** Of all tensors together, if it is stated. */
  readonly bytes: number | undefined;
}

/** More shards than any model has: each is opened. */
const MOST_SHARDS = 10_000;

/**
 * Whether these bytes begin like an index, which is JSON. A safetensors file may begin with the same
 * characters, as its length, but then with a NUL, which no JSON has.
 */
export function isShardIndex(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  return /^\s*\{\s*["}]/.test(start) && !start.slice(0, 8).includes('\0');
}

/**
 * Reads the tensors of a model that is saved in several safetensors files.
 *
 * @param index the contents of the index
 * @param path of the index, in whose folder the shards must lie
 * @throws {LetheError} ERR_INVALID_MODEL: no index, a shard outside its folder, a tensor that is
 * missing or in another shard than the index says, or another size in all. ERR_IO,
 * ERR_OUT_OF_MEMORY.
 */
export async function readShards(index: Uint8Array, path: string): Promise<SafetensorsFile> {
  const { files, bytes } = parseIndex(index, path);
  const shards = new Map<string, string>();
  for (const name of new Set(files.values())) shards.set(name, await shardPath(name, path));
  await requireMemoryFor(shards.values(), path);
  const tensors = new Map<string, Tensor>();
  const metadata: Record<string, string> = {};
  for (const [name, shard] of shards) {
    const contents = decodeShard(await readWholeFile(shard), name, path);
    for (const [tensor, value] of contents.tensors) {
      const expected = files.get(tensor);
      if (expected !== name) {
        const where = expected === undefined ? 'does not list it' : `says ${expected}`;
        throw invalidModel(path, `the tensor ${tensor} is in ${name}, but the index ${where}`);
      }
      tensors.set(tensor, value);
    }
    Object.assign(metadata, contents.metadata);
  }
  checkComplete(tensors, files, bytes, path);
  return { metadata, tensors };
}

function checkComplete(
  tensors: ReadonlyMap<string, Tensor>,
  files: ReadonlyMap<string, string>,
  bytes: number | undefined,
  path: string,
): void {
  for (const [tensor, file] of files) {
    if (!tensors.has(tensor))
      throw invalidModel(path, `${file} does not hold the tensor ${tensor}`);
  }
  const found = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  if (bytes !== undefined && bytes !== found) {
    throw invalidModel(
      path,
      `its shards hold ${found} bytes, but the index says ${bytes}: download them again`,
    );
  }
}

function parseIndex(bytes: Uint8Array, path: string): ShardIndex {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw invalidModel(path, 'it begins like an index of shards, but is not JSON', cause);
  }
  const { weight_map: map, metadata } = (json ?? {}) as {
    weight_map?: unknown;
    metadata?: unknown;
  };
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw invalidModel(
      path,
      'it is JSON without a weight_map: neither a safetensors file nor an index of shards',
    );
  }
  const files = new Map(Object.entries(map as Record<string, unknown>));
  for (const [tensor, file] of files) {
    if (typeof file !== 'string') throw invalidModel(path, `it names no file for ${tensor}`);
  }
  if (new Set(files.values()).size > MOST_SHARDS) {
    throw invalidModel(path, `it names more than ${MOST_SHARDS} shards`);
  }
  const { total_size: total } = (metadata ?? {}) as { total_size?: unknown };
  if (total !== undefined && !Number.isSafeInteger(total)) {
    throw invalidModel(path, 'its total_size is no whole number');
  }
  return { files: files as Map<string, string>, bytes: total as number | undefined };
}

async function shardPath(name: string, path: string): Promise<string> {
  try {
    return await containedPath(dirname(path), name, path);
  } catch (cause) {
    if (cause instanceof LetheError && cause.code === 'ERR_INVALID_DATA') {
      throw new LetheError('ERR_INVALID_MODEL', cause.message, { cause });
    }
    throw cause;
  }
}

async function requireMemoryFor(paths: Iterable<string>, file: string): Promise<void> {
  let bytes = 0;
  for (const path of paths) bytes += (await regularStats(path)).size;
  requireMemory(file, bytes);
}

function decodeShard(bytes: Uint8Array, name: string, path: string): SafetensorsFile {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw invalidModel(path, `the shard ${name}: ${(cause as Error).message}`, cause);
  }
}
