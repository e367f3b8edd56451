import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('the package contains what an application needs to build and use it, and no more', () => {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(answer) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
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
      ...['lib/verify/onnx-worker.js', 'lib/data/parquet-child.js'],
      ...['binding.gyp', 'CMakeLists.txt', 'scripts/build.mjs', 'native/sources.json'],
      ...needed.map((file) => `native/${file}`),
    ]),
  );
  const unwanted = /^(src|test|bench|native\/test|native\/bench|build|bench-results)\//;
  expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
});
