import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  filesInCircles,
  filesOf,
  type Order,
  textOf,
  type Use,
  usesAgainst,
} from './support/uses.js';

/** CONTRIBUTING.md shows what each of them holds. */
const ORDER: Order = [
  ['native/include/lethe'],
  ['native/arithmetic'],
  ['native/core'],
  ['native/cpu/kernels'],
  ['native/cpu'],
  ['native/linalg'],
  ['native/cuda/kernels'],
  ['native/cuda/host'],
  ['native/node'],
  ['native/bench'],
  ['native/test'],
];

/** Where a header's name starts. */
const INCLUDE_FOLDERS = ['native/include', 'native'];

function includesOf(files: readonly string[]): Use[] {
  return files.flatMap((from) =>
    [...textOf(from).matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map(([, name]) => {
      const candidates = INCLUDE_FOLDERS.map((folder) => join(folder, name!));
      return { from, to: candidates.find((file) => files.includes(file)) ?? name! };
    }),
  );
}

describe('native/', () => {
  const files = filesOf('native', /\.(h|cpp|cuh?)$/);
  const includes = includesOf(files);

  it('includes only what comes earlier in the one order, by its path', () => {
    expect(includes.length).toBeGreaterThan(files.length);
    expect(usesAgainst(ORDER, includes)).toEqual([]);
  });

  it('has no header that includes itself by way of others', () => {
    expect(filesInCircles(includes)).toEqual([]);
  });

  it('binds to Node through the API alone', () => {
    const binding = includes.filter(({ from }) => from.startsWith('native/node/'));
    expect(usesAgainst([['native/include/lethe'], ['native/node']], binding)).toEqual([]);
  });
});
