import { createRequire } from 'node:module';
import { PACKAGE_ROOT } from './package-root.js';

const { version: stated } = createRequire(PACKAGE_ROOT)('./package.json') as { version: string };

/** The package's version. */
export const version = stated;
