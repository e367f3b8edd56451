import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const { exports: published } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  exports: Record<string, { default: string } | string>;
};

/** Resolves `lethe` and its subpaths to their sources. */
const publicNames = Object.entries(published).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [
        {
          find: new RegExp(`^lethe${subpath.slice(1)}$`),
          replacement: ROOT + target.default.replace(/^\.\/lib\/(.*)\.js$/, 'src/$1.ts'),
        },
      ],
);

export default defineConfig({
  resolve: {
    alias: [{ find: /^#lethe\/(.*)$/, replacement: `${ROOT}src/$1.ts` }, ...publicNames],
  },
  test: {
    include: ['test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    globalSetup: ['test/support/build-source.mjs', 'bench/test/support/build-bench.mjs'],
    // On two cores Vitest would leave one idle.
    maxWorkers: availableParallelism(),
    // Only stops hanging tests; long, because the machine may be slow.
    testTimeout: 300_000,
  },
});
