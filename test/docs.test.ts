import { access } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CodeBlock,
  codeBlocks,
  documentPaths,
  headingAnchors,
  ROOT,
  readDocument,
  relativeLinks,
  runScript,
} from './support/documents.js';
import { temporaryFolder } from './support/temporary-folder.js';

const documents = await Promise.all(
  (await documentPaths()).map(async (path) => ({ path, text: await readDocument(path) })),
);

const blocks = documents.flatMap(({ path, text }) =>
  codeBlocks(text).map((block, i) => ({ ...block, name: `${path} ${i + 1}` })),
);

const needsMnist = ({ code }: CodeBlock) => code.includes('loadMnist(');

describe('code in the documentation', () => {
  it('says what language it is in', () => {
    expect(blocks.filter(({ info }) => info !== 'js').map(({ name }) => name)).toEqual([]);
  });

  // The README's has a test of its own, with a file to read.
  for (const block of blocks.filter(({ name }) => !name.startsWith('README'))) {
    it.skipIf(needsMnist(block) && !process.env.MNIST_DIR)(`runs: ${block.name}`, async () => {
      const { stderr } = await runScript(block.name, block.code, await temporaryFolder());
      expect(stderr).toBe('');
    });
  }
});

describe('links in the documentation', () => {
  it.each(documents)('of $path lead to a file, and to a heading of it', async ({ path, text }) => {
    for (const link of relativeLinks(text)) {
      const [file, anchor] = link.split('#');
      const target = file ? posix.join(dirname(path), file) : path;
      await expect(access(join(ROOT, target)), link).resolves.toBeUndefined();
      if (anchor) expect(headingAnchors(await readDocument(target)), link).toContain(anchor);
    }
  });

  it('reach every page from the README', () => {
    const linked = relativeLinks(documents.find(({ path }) => path === 'README.md')!.text);
    const pages = documents.map(({ path }) => path).filter((path) => path !== 'README.md');
    expect(pages.filter((path) => !linked.includes(path))).toEqual([]);
  });
});

it('docs/errors.md explains every code, and no other', async () => {
  const source = await readDocument('src/base/errors.ts');
  const codes = [...source.matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code);
  const table = documents.find(({ path }) => path === 'docs/errors.md')!.text;
  const explained = [...table.matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(0);
  expect(explained.toSorted()).toEqual(codes.toSorted());
});
