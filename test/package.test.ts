import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, it } from 'vitest';
import { documentPaths, ROOT, readDocument, relativeLinks } from './support/documents.js';

/** What `npm pack` would put into the package. */
function packedPaths(): string[] {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(answer) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

const paths = packedPaths();

it('the package holds what an application needs to build and use it, and no more', () => {
  const sources = JSON.parse(readFileSync(join(ROOT, 'native/sources.json'), 'utf8')) as Record<
    string,
    string[]
  >;
  const needed = Object.values(sources)
    .flat()
    .filter((file) => !/^(bench|test)\//.test(file));
  expect(paths).toEqual(
    expect.arrayContaining([
      ...['lib/index.js', 'lib/index.d.ts', 'lib/unlearn/index.js', 'lib/unlearn/index.d.ts'],
      ...['lib/runtime/onnx-child.js', 'lib/data/table-child.js'],
      ...['binding.gyp', 'CMakeLists.txt', 'scripts/build.mjs', 'native/sources.json'],
      ...needed.map((file) => `native/${file}`),
    ]),
  );
  const unwanted =
    /^(src|test|bench|native\/test|native\/bench|build|bench-results|docs\/api|docs\/reference)\//;
  expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
});

it('the package holds every page, and whatever a page links to', async () => {
  const pages = await documentPaths();
  const linked = await Promise.all(
    pages.map(async (page) =>
      relativeLinks(await readDocument(page))
        .map((link) => link.split('#')[0]!)
        .filter((file) => file !== '')
        .map((file) => posix.join(dirname(page), file)),
    ),
  );
  expect(paths).toEqual(expect.arrayContaining([...pages, ...linked.flat()]));
});
