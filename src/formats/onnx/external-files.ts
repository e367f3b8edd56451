import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRelativePath, realPathInside } from '../../base/contained-path.js';
import { LetheError } from '../../base/errors.js';
import { requireMemory } from '../../base/memory.js';
import { invalidModel } from '../model-error.js';

/**
 * Reads the files that a model's file names as the places of its weights. A location is a path
 * relative to the model's folder and cannot leave it, not even by a symbolic link: a model from
 * elsewhere must not make its reader open any other file.
 *
 * @param path the model's file
 * @returns the contents by location
 * @throws {LetheError} ERR_INVALID_MODEL: a location outside of the folder, or of something that is
 * no file. ERR_IO: a file is missing or cannot be read. ERR_OUT_OF_MEMORY.
 */
export async function readExternalFiles(
  path: string,
  locations: Iterable<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const location of locations) {
    requireInside(path, location);
    const contents = await readInside(path, location, bytes);
    bytes += contents.length;
    files.set(location, contents);
  }
  return files;
}

/** Refuses what is no plain relative path on any system. */
function requireInside(path: string, location: string): void {
  const steps = location.split(/[\\/]/);
  const isPlain =
    isRelativePath(location) && !steps.some((step) => step === '..' || /^[a-z]:/i.test(step));
  if (!isPlain) throw outside(path, location);
}

async function readInside(path: string, location: string, before: number): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    const target = await realPathInside(dirname(path), location);
    if (target === undefined) throw outside(path, location);
    // Without blocking, because opening a pipe would wait for its writer; the links are resolved.
    file = await open(target, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw invalidModel(path, `${JSON.stringify(location)}, which it names, is no regular file`);
    }
    requireMemory(target, before + stat.size);
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof LetheError) throw cause;
    const reason = (cause as Error).message;
    throw new LetheError(
      'ERR_IO',
      `${path}: cannot read ${JSON.stringify(location)}, which holds its weights and must lie in ` +
        `the same folder: ${reason}`,
      { cause },
    );
  } finally {
    await file?.close();
  }
}

function outside(path: string, location: string): LetheError {
  return invalidModel(
    path,
    `its weights are said to lie in ${JSON.stringify(location)}: only a file in the folder of the ` +
      'model is read; copy it there and save the model with the new place',
  );
}
