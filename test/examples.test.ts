import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.js';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));

async function run(name: string) {
  const cwd = await temporaryFolder();
  return promisify(execFile)(process.execPath, [EXAMPLES + name], { cwd });
}

describe('the examples', () => {
  it.each(readdirSync(EXAMPLES))('%s runs without errors', async (name) => {
    expect((await run(name)).stderr).toBe('');
  });

  it('embeddings.mjs learns, forgets and is verified', async () => {
    const { stdout } = await run('embeddings.mjs');
    expect(stdout).toContain('user-7 owned 100 of 3600 training rows');
    const accuracies = [...stdout.matchAll(/([\d.]+) % on test/g)].map(([, value]) =>
      Number(value),
    );
    expect(accuracies.length).toBe(2);
    for (const accuracy of accuracies) expect(accuracy).toBeGreaterThan(90);
    expect(stdout).toContain('agrees on 100 % of 4000 rows');
  });
});
