import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { exitOf } from './support/child.js';

/** Programs in test/fixtures/cases/adversary, which say what should happen and exit with 0 if it does. */
const CASES = [
  'deleted-names-in-the-file',
  'exit-during-verify',
  'fifos-block-the-pool',
  'one-moment-without-descriptors',
  'parquet-without-descriptors',
  'rows-that-are-no-uint32',
  'save-keeps-the-mode',
  'save-over-a-fifo',
  'save-through-a-link',
  'sisa-removes-other-models',
  'sisa-saved-twice-at-once',
  'store-at-a-blank-path',
  'temporary-files-after-a-kill',
  'verify-in-a-worker-terminated',
];

const LETHE = fileURLToPath(new URL('../lib/index.js', import.meta.url));

it.each(CASES)('an adversary cannot: %s', async (name) => {
  const path = fileURLToPath(new URL(`fixtures/cases/adversary/${name}.mjs`, import.meta.url));
  // As many tries as there is time for in every run of the tests; by themselves they take more.
  const environment = { LETHE, TRIES: '10' };
  expect(await exitOf(process.execPath, [path], environment)).toMatchObject({
    ...{ code: 0, signal: null },
    stdout: expect.stringMatching(/(^|\n)ok\n$/),
  });
});
