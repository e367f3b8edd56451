import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { ioError } from '../base/io-error.js';
import { listed } from '../base/listed.js';

/**
 * The files of a table: the file itself, or the files in a folder, in order of their names by UTF-16 code
 * units. Names that begin with a dot or an underscore, such as `_SUCCESS`, do not count.
 *
 * @param path a file or a folder
 * @param endings of the names of all files in the folder, in any case
 * @throws {LetheError} ERR_IO: it cannot be read, or the folder has no such file. ERR_INVALID_DATA: the folder
 * has subfolders, or other files.
 */
export async function partFiles(path: string, endings: readonly string[]): Promise<string[]> {
  const entries = await entriesOf(path);
  if (!entries) return [path];
  const visible = entries.filter((entry) => !/^[._]/.test(entry.name));
  const folder = visible.find((entry) => entry.isDirectory());
  if (folder) {
    const what = folder.name.includes('=') ? 'a partition, whose column is in no file' : 'a folder';
    throw invalidData(
      path,
      `it holds ${folder.name}, which is ${what}: write the table as files in one folder`,
    );
  }
  const stray = visible.find(
    ({ name }) => !endings.some((end) => name.toLowerCase().endsWith(end)),
  );
  if (visible.length === 0 || stray) {
    const found = stray ? `it holds ${stray.name}` : 'the folder is empty';
    throw new LetheError(
      'ERR_IO',
      `cannot read ${path}: ${found}, but a table's files end in ${endings.join(', ')}: name ` +
        'a file, or a folder of such files alone',
    );
  }
  return visible
    .map((entry) => entry.name)
    .sort()
    .map((file) => join(path, file));
}

/** The entries of a folder; undefined for a file. */
async function entriesOf(path: string) {
  try {
    if (!(await stat(path)).isDirectory()) return undefined;
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    throw ioError('read', path, cause);
  }
}

/** @throws {LetheError} ERR_INVALID_DATA: a part of a table has other columns than the first one. */
export function requireSameColumns(
  first: { readonly file: string; readonly names: readonly string[] },
  part: { readonly file: string; readonly names: readonly string[] },
): void {
  const isSame =
    first.names.length === part.names.length &&
    first.names.every((name, column) => name === part.names[column]);
  if (isSame) return;
  throw invalidData(
    part.file,
    `its columns are ${listed(part.names)}, but those of ${first.file} are ${listed(first.names)}`,
  );
}
