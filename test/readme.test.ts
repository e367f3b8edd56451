import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeBlocks, readDocument, runScript } from './support/documents.js';
import { temporaryFolder } from './support/temporary-folder.js';

const ROWS = 1200;
const KINDS = ['contract', 'invoice', 'letter'];

/** A table with a column for the class and one for the owner, like an application's. */
function documentsCsv(): string {
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const kind = row % KINDS.length;
    const features = Array.from({ length: 8 }, (_, column) => {
      const noise = ((row * 7919 + column * 104729) % 1000) / 1000 - 0.5;
      return (Number(column % KINDS.length === kind) + noise).toFixed(3);
    });
    return [KINDS[kind], `user-${(row * 13) % 40}`, ...features].join(',');
  });
  const names = Array.from({ length: 8 }, (_, column) => `feature${column}`);
  return `${[['kind', 'user', ...names].join(','), ...lines].join('\n')}\n`;
}

it('the example of the README runs as it stands', async () => {
  const [example] = codeBlocks(await readDocument('README.md')).filter(({ info }) => info === 'js');
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'documents.csv'), documentsCsv());
  const { stdout, stderr } = await runScript('README', example!.code, cwd);
  expect(stderr).toBe('');
  expect(Number.parseFloat(stdout)).toBeGreaterThan(90);
  expect(await readdir(cwd)).toEqual(['documents.csv', 'model.safetensors']);
});
