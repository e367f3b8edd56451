// What someone meets who installs the package: it is packed, linted, installed in a project of its own,
// compiled with, required, tested with Jest, bundled, and run in threads. The project is test/newcomer.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDON } from './build.mjs';
import { bin, ROOT, run, succeeds, ToolError } from './tools.mjs';

/** The oldest one that understands the package's types, and today's. */
const COMPILERS = [
  'typescript-5.7@npm:typescript@~5.7.0',
  'typescript-newest@npm:typescript@latest',
];

/** Works in a folder that holds the packed package and is gone afterwards. */
function withTarball(work) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-package-'));
  try {
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]);
    const { name, version } = manifest();
    return work(folder, join(folder, `${name}-${version}.tgz`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifest = () => JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/**
 * attw knows nothing of Nodes whose require() takes ES modules, as all of `engines` do: what it would
 * say of that is left out, and tried instead.
 */
export function lintPackage() {
  withTarball((_, tarball) => {
    run(bin('publint'), ['run', '--strict', tarball]);
    run(bin('attw'), ['--profile', 'esm-only', '--format', 'ascii', tarball]);
  });
}

export function canReachRegistry() {
  return succeeds('npm', ['view', 'npm', 'version', '--fetch-retries=0', '--fetch-timeout=10000']);
}

/** Does in a project what applications do; answers how much of it works. */
export function tryAsNewcomer() {
  return withTarball((folder, tarball) => {
    cpSync(join(ROOT, 'test/newcomer'), folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    install(folder, [tarball, ...COMPILERS, 'jest@30', 'esbuild', '@types/node@20']);
    // In place of the build that an application runs once.
    cpSync(ADDON, join(folder, 'node_modules/lethe/build/Release/lethe.node'));
    const counts = { passed: 0, failed: [], skipped: [] };
    for (const [name, work] of Object.entries(checks(folder))) {
      try {
        work();
        counts.passed += 1;
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        console.error(error.message);
        counts.failed.push(name);
      }
    }
    return counts;
  });
}

function install(folder, packages) {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...flags, ...packages], { cwd: folder });
}

/** In this order: the first ones need that the optional peers are missing. */
function checks(folder) {
  const inProject = (command, args, env = {}) =>
    run(command, args, { cwd: folder, env: { ...process.env, ...env } });
  const node = (...args) => inProject(process.execPath, args);
  const tool = (name, args, env) => inProject(join(folder, 'node_modules/.bin', name), args, env);
  const compile = (version, ...args) => node(`node_modules/typescript-${version}/bin/tsc`, ...args);
  return {
    'loads without optional peers': () => node('without-peers.mjs'),
    'types, TypeScript 5.7': () => compile('5.7', '-p', '.'),
    'types, TypeScript 5.7 and @types/node': () => compile('5.7', '-p', '.', '--types', 'node'),
    'types, the newest TypeScript': () => compile('newest', '-p', '.'),
    'types of what becomes CommonJS': () => {
      compile('newest', '-p', 'tsconfig.required.json');
      node('compiled/required.cjs');
    },
    'require()': () => node('required.cjs'),
    'worker threads': () => node('worker.mjs'),
    'a bundle beside the package': () => {
      const flags = ['--bundle', '--platform=node', '--format=esm', '--external:lethe'];
      tool('esbuild', ['bundled.mjs', ...flags, '--outfile=bundle.mjs']);
      node('bundle.mjs');
    },
    'Jest with ES modules': () =>
      tool('jest', ['--testMatch', '**/*.jest.mjs'], {
        NODE_OPTIONS: '--experimental-vm-modules',
      }),
    'every subpath, with the peers': () => {
      const { peerDependencies } = manifest();
      install(
        folder,
        Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`),
      );
      node('compiled/program.js');
      node('classes.mjs');
    },
  };
}
