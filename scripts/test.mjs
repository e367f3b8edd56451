// npm test: installs what the tests need, builds everything and runs all tests; the last line
// counts them. With --ci also: clang, the sanitizers, valgrind, the node-gyp build, instruction
// counts, the package as it is installed.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ADDON, compileWithGyp } from './build.mjs';
import { findClangFormat } from './clang-format.mjs';
import { checkInstructionCounts } from './instruction-counts.mjs';
import { BUILDS, runMemcheck, runNativeTests } from './native-tests.mjs';
import { canReachRegistry, lintPackage, tryAsNewcomer } from './package-checks.mjs';
import { bin, has, installDebian, ROOT, run, runForReport, succeeds, ToolError } from './tools.mjs';

const { ci } = parseArgs({ options: { ci: { type: 'boolean', default: false } } }).values;
if (ci) process.env.FUZZ_RUNS ??= '1000';
const totals = { passed: 0, failed: [], skipped: [] };
const seconds = {};

/** Runs one stage; a stage without counts of its own counts as one test. */
function stage(name, work) {
  console.log(`\n=== ${name} ===`);
  const start = performance.now();
  let counts;
  try {
    counts = work() ?? { passed: 1, failed: [], skipped: [] };
  } catch (error) {
    console.error(error instanceof ToolError ? error.message : error);
    counts = { passed: 0, failed: [error.message], skipped: [] };
  }
  seconds[name] = Math.round((performance.now() - start) / 1000);
  console.log(`${name}: ${seconds[name]} s`);
  totals.passed += counts.passed;
  for (const outcome of ['failed', 'skipped']) {
    totals[outcome].push(...counts[outcome].map((test) => `${name}: ${test}`));
  }
}

const skip = (reason) => ({ passed: 0, failed: [], skipped: [reason] });

/** What only CI needs; the clang that Debian 12 has does not bring its sanitizers. */
const CI_PACKAGES = [
  ...['libgtest-dev', 'python3-onnx', 'chromium', 'valgrind', 'libc6-dbg'],
  'libclang-rt-14-dev',
];

/** Installs CMake and GoogleTest if CMake is missing; with --ci also what only CI needs. */
function installTools() {
  const missing = has('cmake') ? [] : ['cmake', 'ninja-build', 'libgtest-dev'];
  if (ci) {
    if (!has('clang++')) missing.push('clang');
    if (!findClangFormat()) missing.push('clang-format-14');
    if (!has('ninja')) missing.push('ninja-build');
    missing.push(...CI_PACKAGES.filter((name) => !isInstalled(name)));
  }
  if (missing.length > 0) installDebian([...new Set(missing)], 'the tests');
}

function isInstalled(debianPackage) {
  return succeeds('dpkg', ['-s', debianPackage], { stdio: 'ignore' });
}

function lint() {
  run(bin('biome'), ['check', '.']);
  if (!findClangFormat() && !ci) return skip('clang-format 14 is not installed');
  run(process.execPath, ['scripts/clang-format.mjs', '--check']);
}

function vitest() {
  const path = join(ROOT, 'build', 'vitest.json');
  const flags = ['run', '--reporter=default', '--reporter=json', `--outputFile=${path}`];
  const { ok, report } = runForReport(bin('vitest'), flags, path);
  const { numPassedTests, testResults } = JSON.parse(report);
  const failed = [];
  const skipped = [];
  for (const { name, status, assertionResults } of testResults) {
    const namesOf = (isMeant) => assertionResults.filter(isMeant).map(({ fullName }) => fullName);
    const failedHere = namesOf((test) => test.status === 'failed');
    if (status === 'failed' && failedHere.length === 0) failedHere.push(relative(ROOT, name));
    failed.push(...failedHere);
    skipped.push(...namesOf((test) => test.status !== 'passed' && test.status !== 'failed'));
  }
  if (!ok && failed.length === 0) failed.push('Vitest itself');
  return { passed: numPassedTests, failed, skipped };
}

/**
 * Checks that the native tests' build, which fails if a kernel spills registers, has the kernels.
 */
function cudaKernels() {
  if (!has('nvcc')) return skip('nvcc is not installed: the kernels are tested only on the host');
  const library = join(ROOT, BUILDS[0].folder, 'liblethe_core.a');
  const { stdout } = spawnSync('ar', ['t', library], { encoding: 'utf8' });
  if (!stdout?.includes('compiled_kernels.cu.o')) {
    throw new ToolError(
      `${library} has no kernels although nvcc is installed: see CMake's messages on the CUDA backend ` +
        '(it needs nvcc 12 or newer, and LETHE_CUDA must not be OFF)',
    );
  }
}

function loadAddon(path) {
  run(process.execPath, ['scripts/load-addon.mjs', path]);
}

/**
 * Builds a copy of the package, because node-gyp can only write to build/, which CMake uses here.
 */
function buildWithGyp() {
  const copy = mkdtempSync(join(tmpdir(), 'lethe-gyp-'));
  try {
    for (const path of ['native', 'binding.gyp', 'package.json']) {
      cpSync(join(ROOT, path), join(copy, path), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    compileWithGyp(copy);
    loadAddon(join(copy, 'build/Release/lethe.node'));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function installedPackage() {
  if (!canReachRegistry()) return skip('the npm registry cannot be reached');
  return tryAsNewcomer();
}

/** Lists the stages, the longest first. */
function printSeconds() {
  const all = Object.entries(seconds).sort(([, a], [, b]) => b - a);
  const total = all.reduce((sum, [, taken]) => sum + taken, 0);
  console.log('\nseconds:');
  for (const [name, taken] of [...all, ['all stages', total]]) {
    console.log(`${String(taken).padStart(6)}  ${name}`);
  }
}

stage('tools', installTools);
stage('build', () =>
  run(process.execPath, ['scripts/build.mjs', '--if-missing', '--cmake', '--native-tests']),
);
stage('format and lint', lint);
stage('types', () => {
  for (const project of ['test', 'bench', 'bench/test']) run(bin('tsc'), ['-p', project]);
});
stage('addon in both kinds of thread', () => loadAddon(ADDON));
if (ci) {
  stage('addon built by node-gyp', buildWithGyp);
  stage('the package', lintPackage);
  stage('the package where it is installed', installedPackage);
  // TypeDoc ends with an error where it would warn.
  stage('API reference', () => run('npm', ['run', 'docs:api']));
}
for (const build of ci ? BUILDS : BUILDS.slice(0, 1)) {
  stage(`native tests, ${build.name}`, () => runNativeTests(build));
}
// After the native tests, whose first build has the native bench that tests of the benches start.
stage('Vitest', vitest);
stage('CUDA kernels', cudaKernels);
if (ci) {
  stage('native tests under valgrind', runMemcheck);
  stage('instruction counts', checkInstructionCounts);
}

for (const outcome of ['skipped', 'failed']) {
  const tests = totals[outcome];
  if (tests.length > 0) console.log(`\n${tests.length} ${outcome}:\n  ${tests.join('\n  ')}`);
}
printSeconds();
console.log(`\n${totals.passed} passed, ${totals.failed.length} failed`);
process.exitCode = totals.failed.length > 0 ? 1 : 0;
