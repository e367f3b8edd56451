import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import type { KnownContents } from '../base/contents.js';

export interface KnownFile extends KnownContents {
  readonly file: string;
}

/** The files of MNIST. */
export const MNIST_FILES = {
  trainImages: {
    file: 'train-images-idx3-ubyte',
    bytes: 16 + 60_000 * 784,
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  trainLabels: {
    file: 'train-labels-idx1-ubyte',
    bytes: 8 + 60_000,
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  testImages: {
    file: 't10k-images-idx3-ubyte',
    bytes: 16 + 10_000 * 784,
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  testLabels: {
    file: 't10k-labels-idx1-ubyte',
    bytes: 8 + 10_000,
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
} as const satisfies Record<string, KnownFile>;

/** The default folder of MNIST, to which it is downloaded. */
export function mnistCacheFolder(): string {
  return join(cacheFolder(), 'lethe', 'mnist');
}

/** The user's cache folder by the platform's convention. */
function cacheFolder(): string {
  switch (platform()) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches');
    case 'win32':
      return process.env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
    default:
      return process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  }
}
