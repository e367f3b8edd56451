import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Lethe's folder, which does not depend on whether this runs from its source or from bench/dist. */
const ROOT = dirname(createRequire(import.meta.url).resolve('lethe/package.json'));

/** The path of a file or folder of Lethe, as named from its root. */
export function inLethe(path: string): string {
  return join(ROOT, path);
}
