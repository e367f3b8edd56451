import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from './node-fs.js';

/**
 * The package's folder: the nearest parent with a package.json, from the source or from the bundle.
 */
export const PACKAGE_ROOT: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * The path of a program that runs in a process of its own and is therefore a separate file
 * in the built package.
 *
 * @param name its source file without the extension, e.g. `runtime/onnx-child`
 */
export function programPath(name: string): string {
  return join(PACKAGE_ROOT, 'lib', `${name}.js`);
}

function findRoot(folder: string): string {
  const parent = dirname(folder);
  if (parent === folder || existsSync(join(folder, 'package.json'))) return folder;
  return findRoot(parent);
}
