import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { has, ROOT, run, runForReport } from './tools.mjs';

/**
 * The builds of the native tests in CI; without --ci only the first is used, which shares its folder
 * and so the compiled core with the addon.
 */
export const BUILDS = [
  { name: 'the default compiler', folder: 'build', options: ['-DLETHE_BENCH=ON'] },
  {
    name: 'clang++, without CUDA',
    folder: 'build/test-clang',
    options: ['-DCMAKE_CXX_COMPILER=clang++', '-DLETHE_CUDA=OFF'],
  },
  {
    // gcc takes three times as long to compile what these sanitizers check.
    name: 'clang++, address and undefined-behaviour sanitizers',
    folder: 'build/test-asan',
    options: ['-DCMAKE_CXX_COMPILER=clang++', '-DLETHE_SANITIZE=address,undefined'],
  },
  {
    name: 'thread sanitizer',
    folder: 'build/test-tsan',
    options: ['-DLETHE_SANITIZE=thread'],
  },
];

/** Tests that cover every allocation in a few seconds, although valgrind is 20 times slower. */
const MEMCHECK_TESTS =
  'Architecture*:PassArguments*:Divergence*:Dataset*:Plan*:ThreadTeam.runs_every*:*FisherTest*:*UpdateTest*';

/** Runs some of the built native tests under valgrind's memcheck, for bad accesses and leaks. */
export function runMemcheck() {
  run('valgrind', [
    ...['--quiet', '--error-exitcode=1', '--leak-check=full'],
    '--errors-for-leak-kinds=definite,possible',
    join(BUILDS[0].folder, 'native/test/lethe_tests'),
    ...['--gtest_brief=1', `--gtest_filter=${MEMCHECK_TESTS}`],
  ]);
}

/** Builds and runs the native tests in one configuration; returns ctest's counts. */
export function runNativeTests({ folder, options }) {
  // A folder that has been configured keeps its generator.
  const isNew = !existsSync(join(ROOT, folder, 'CMakeCache.txt'));
  const generator = isNew && has('ninja') ? ['-G', 'Ninja'] : [];
  run('cmake', ['-S', '.', '-B', folder, ...generator, '-DLETHE_TESTS=ON', ...options]);
  run('cmake', ['--build', folder, '--parallel', '2']);
  const path = join(ROOT, folder, 'junit.xml');
  const flags = ['--parallel', '2', '--no-tests=error', '--quiet'];
  const { ok, report } = runForReport(
    'ctest',
    ['--test-dir', folder, ...flags, '--output-junit', path],
    path,
  );
  const { passed, failed, skipped } = readJUnit(report);
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  if (failed.length > 0) console.error(failed[0].output);
  const names = failed.map(({ name }) => name);
  if (!ok && names.length === 0) names.push('ctest itself');
  return { passed, failed: names, skipped };
}

/** Counts the tests in ctest's report: one testcase element each, its outcome in `status`. */
function readJUnit(xml) {
  let passed = 0;
  const failed = [];
  const skipped = [];
  for (const [, attributes, content] of xml.matchAll(/<testcase ([^>]*)>(.*?)<\/testcase>/gs)) {
    const name = textOf(attributes.match(/\bname="([^"]*)"/)[1]);
    const status = attributes.match(/\bstatus="([^"]*)"/)[1];
    if (status === 'run') {
      passed += 1;
    } else if (status === 'notrun' || status === 'disabled') {
      skipped.push(name);
    } else {
      const output = content.match(/<system-out>(.*)<\/system-out>/s)?.[1] ?? '';
      failed.push({ name, output: textOf(output) });
    }
  }
  return { passed, failed, skipped };
}

function textOf(xml) {
  const characters = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return xml.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name]);
}
