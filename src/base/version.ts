import { join } from 'node:path';
import { readFileSync } from './node-fs.js';
import { PACKAGE_ROOT } from './package-root.js';

const description = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');

/** The package's version. */
export const version: string = (JSON.parse(description) as { version: string }).version;
