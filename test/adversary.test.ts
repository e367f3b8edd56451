import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** Programs that were wrong once; each says in its first line what should happen, and ends with 1 if it does not. */
const CASES = [
  'deleted-names-in-the-file',
  'fifos-block-the-pool',
  'rows-that-are-no-uint32',
  'save-keeps-the-mode',
  'save-over-a-fifo',
  'save-through-a-link',
  'sisa-removes-other-models',
  'sisa-saved-twice-at-once',
  'store-at-a-blank-path',
  'temporary-files-after-a-kill',
];

const LETHE = fileURLToPath(new URL('../lib/index.js', import.meta.url));

it.each(CASES)('%s', async (name) => {
  const path = fileURLToPath(new URL(`fixtures/cases/adversary/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, LETHE },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Only stops a hanging process.
    timeout: 240_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [code, signal] = await once(child, 'close');
  expect({ code, signal }, output).toEqual({ code: 0, signal: null });
});
