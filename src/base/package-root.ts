import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from './node-fs.js';

/** The package's folder: the nearest one above this file, be that a source or part of a bundle. */
export const PACKAGE_ROOT: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * The path of a program that runs in a thread or process of its own, and so has a file of its own in
 * the built package.
 *
 * @param name its source without the ending, e.g. `verify/onnx-worker`
 */
export function programPath(name: string): string {
  return join(PACKAGE_ROOT, 'lib', `${name}.js`);
}

function findRoot(folder: string): string {
  const parent = dirname(folder);
  if (parent === folder || existsSync(join(folder, 'package.json'))) return folder;
  return findRoot(parent);
}
