// npm run build: compiles TypeScript to lib/ (modules and declarations), and the addon to
// build/Release/lethe.node.
//
//   --typescript    only TypeScript
//   --addon         only the addon, which is all that an installed package still needs
//   --if-missing    only what is missing or older than its sources
//   --cmake         the addon with cmake-js, the primary build
//   --gyp           the addon with node-gyp; the default if there is no CMake
//   --bench         the benches too, in bench/dist/
//   --native-bench  the native bench too, in the folder in which CMake builds the addon
//   --native-tests  with --cmake: prepares that folder for the native tests and the native bench

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bin, has, ROOT, run, runMain, ToolError } from './tools.mjs';

const ENTRY = join(ROOT, 'lib/index.js');
/** Checked too, because tests create only the modules. */
const DECLARATIONS = join(ROOT, 'lib/index.d.ts');
const BENCH_ENTRY = join(ROOT, 'bench/dist/study/main.js');
export const ADDON = join(ROOT, 'build/Release/lethe.node');

/** The modification time of the newest file, including those in folders. */
function newest(paths) {
  const times = paths
    .map((path) => join(ROOT, path))
    .flatMap((path) => {
      const stat = statSync(path);
      if (!stat.isDirectory()) return [stat.mtimeMs];
      return readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
    });
  return Math.max(...times);
}

function isCurrent(output, sources) {
  return existsSync(output) && statSync(output).mtimeMs >= newest(sources);
}

function isTypeScriptCurrent() {
  return [DECLARATIONS, ENTRY].every((output) =>
    isCurrent(output, ['src', 'tsconfig.json', 'package.json']),
  );
}

function isAddonCurrent({ cmake }) {
  // node-gyp empties build/ first, so CMake's cache is there only if CMake has built the addon.
  if (cmake && !existsSync(join(ROOT, 'build/CMakeCache.txt'))) return false;
  return isCurrent(ADDON, ['native', 'CMakeLists.txt', 'binding.gyp']);
}

async function compileTypeScript() {
  // Removes outputs whose sources no longer exist.
  rmSync(join(ROOT, 'lib'), { recursive: true, force: true });
  run(bin('tsc'), ['-p', '.']);
  await bundle();
}

/** Sources, without their endings, that run in a process of their own. */
const PROGRAMS = ['runtime/onnx-child', 'data/table-child'];

/** The sources from which every other one is reached. */
export const ENTRIES = [...exportedEntries(), ...PROGRAMS];

function exportedEntries() {
  const { exports: subpaths } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return Object.values(subpaths)
    .filter((target) => target.default)
    .map((target) => target.default.replace(/^\.\/lib\/(.*)\.js$/, '$1'));
}

/**
 * Bundles the modules that applications import into lib/. The entries share common chunks, so that
 * a class is the same in all of them. What `lethe` itself needs is one file, because Node takes
 * longer to find twenty small files than to do all the rest.
 */
export async function bundle() {
  const { build } = await import('rolldown');
  const common = {
    ...{ cwd: ROOT, platform: 'node', external: /^[^./]/, transform: { target: 'node20' } },
    output: { dir: 'lib', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
  };
  const core = { name: 'core', test: /[\\/]src[\\/]index\.ts$/ };
  await build([
    {
      ...common,
      input: sourcesOf(exportedEntries()),
      output: { ...common.output, codeSplitting: { groups: [core] } },
    },
    // A program shares no class with anyone: it reads nothing but its own file.
    ...PROGRAMS.map((program) => ({
      ...common,
      input: sourcesOf([program]),
      output: { ...common.output, codeSplitting: false },
    })),
  ]);
}

const sourcesOf = (entries) =>
  Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`]));

/** Transpiles every source to a separate module in build/source/, for tests that run plain Node. */
export async function transpile() {
  rmSync(join(ROOT, 'build/source'), { recursive: true, force: true });
  await transpileFolder('src', 'build/source');
}

/** The folders of the benches' sources. */
const BENCH_SOURCES = ['study', 'engine', 'methods', 'recipes', 'rows', 'data', 'support'].map(
  (name) => `bench/${name}`,
);

/** Transpiles every source of the benches to a separate module in bench/dist/. */
export async function transpileBench() {
  for (const folder of BENCH_SOURCES) {
    await transpileFolder(folder, folder.replace('bench', 'bench/dist'));
  }
}

async function transpileFolder(folder, output) {
  const { transform } = await import('rolldown/utils');
  const sources = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) =>
    name.endsWith('.ts'),
  );
  for (const name of sources) {
    const path = join(folder, name);
    const { code, errors } = await transform(path, readFileSync(join(ROOT, path), 'utf8'), {
      ...{ target: 'node20', tsconfig: false },
      typescript: { onlyRemoveTypeImports: true },
    });
    if (errors.length > 0) throw new ToolError(`${path}: ${errors[0].message}`);
    const target = join(ROOT, output, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}

/** Points both builders to the headers that came with Node, which saves a download. */
function builderEnvironment() {
  const prefix = join(dirname(process.execPath), '..');
  const headers = existsSync(join(prefix, 'include/node/node_api.h'));
  return { ...process.env, ...(headers && { npm_config_nodedir: prefix }) };
}

/** The addon alone; what else the folder is prepared for shares the core, compiled once. */
function compileWithCMake(tests) {
  const generator = has('ninja') ? ['-G', 'Ninja'] : [];
  const options = tests ? ['--CDLETHE_TESTS=ON', '--CDLETHE_BENCH=ON'] : [];
  run(bin('cmake-js'), ['compile', '--target', 'lethe', ...generator, ...options], {
    env: builderEnvironment(),
  });
}

/** @param folder a copy of the package; node-gyp always writes to its build/ */
export function compileWithGyp(folder = ROOT) {
  // npm passes the path of its bundled node-gyp to its scripts.
  const bundled = process.env.npm_config_node_gyp;
  const [command, ...args] = bundled ? [process.execPath, bundled] : ['node-gyp'];
  run(command, [...args, 'rebuild', '-j', 'max'], { cwd: folder, env: builderEnvironment() });
}

function compileAddon({ cmake, gyp, 'native-tests': tests }) {
  if (cmake || (!gyp && has('cmake'))) return compileWithCMake(tests);
  if (!has('make') || !has(process.env.CXX ?? 'g++')) {
    throw new ToolError(
      'the addon needs a C++20 compiler and make, and CMake if there is one: ' +
        'on Debian run `apt-get install g++ make cmake`',
    );
  }
  compileWithGyp();
}

function compileNativeBench() {
  run('cmake', ['-S', '.', '-B', 'build', '-DLETHE_BENCH=ON']);
  run('cmake', ['--build', 'build', '--parallel']);
}

async function main() {
  const { values: flags } = parseArgs({
    options: {
      typescript: { type: 'boolean', default: false },
      addon: { type: 'boolean', default: false },
      'if-missing': { type: 'boolean', default: false },
      cmake: { type: 'boolean', default: false },
      gyp: { type: 'boolean', default: false },
      bench: { type: 'boolean', default: false },
      'native-bench': { type: 'boolean', default: false },
      'native-tests': { type: 'boolean', default: false },
    },
  });
  const lazy = flags['if-missing'];
  if (flags['native-bench']) {
    if (!has('cmake')) throw new ToolError('the native bench needs CMake: install it');
    // An addon by node-gyp would leave no folder to share.
    flags.cmake = true;
  }
  if (!flags.addon && !(lazy && isTypeScriptCurrent())) {
    await compileTypeScript();
  }
  if (!flags.typescript && !(lazy && isAddonCurrent(flags))) {
    compileAddon(flags);
  }
  if (flags.bench && !(lazy && isCurrent(BENCH_ENTRY, BENCH_SOURCES))) {
    rmSync(join(ROOT, 'bench/dist'), { recursive: true, force: true });
    await transpileBench();
  }
  if (flags['native-bench']) compileNativeBench();
}

if (process.argv[1] === import.meta.filename) await runMain(main);
