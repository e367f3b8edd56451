import { join } from 'node:path';
import { has, ROOT, run, runForReport, succeeds } from './tools.mjs';

/** The ways in which CI builds the native tests; the first is everyone's. */
export const BUILDS = [
  { name: 'the default compiler', folder: 'build/test', options: [] },
  {
    name: 'clang++, without CUDA',
    folder: 'build/test-clang',
    options: ['-DCMAKE_CXX_COMPILER=clang++', '-DLETHE_CUDA=OFF'],
  },
  {
    name: 'address and undefined-behaviour sanitizers',
    folder: 'build/test-asan',
    options: ['-DLETHE_SANITIZE=address,undefined'],
  },
  {
    name: 'thread sanitizer',
    folder: 'build/test-tsan',
    options: ['-DLETHE_SANITIZE=thread'],
  },
];

/** What exercises every allocation in a few seconds: valgrind runs code 20 times slower. */
const MEMCHECK_TESTS =
  'Architecture*:PassArguments*:Divergence*:Dataset*:Plan*:ThreadTeam.runs_every*:*FisherTest*:*UpdateTest*';

/** Runs some of the native tests, built before, under valgrind's memcheck: bad accesses and leaks. */
export function runMemcheck() {
  run('valgrind', [
    ...['--quiet', '--error-exitcode=1', '--leak-check=full'],
    '--errors-for-leak-kinds=definite,possible',
    join(BUILDS[0].folder, 'native/test/lethe_tests'),
    ...['--gtest_brief=1', `--gtest_filter=${MEMCHECK_TESTS}`],
  ]);
}

/** Builds and runs the native tests in one way; answers what ctest has counted. */
export function runNativeTests({ folder, options }) {
  const generator = has('ninja') ? ['-G', 'Ninja'] : [];
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
  if (failed.length > 0) {
    const once = ['--rerun-failed', '--output-on-failure', '--stop-on-failure'];
    succeeds('ctest', ['--test-dir', folder, ...once]);
  } else if (!ok) {
    failed.push('ctest itself');
  }
  return { passed, failed, skipped };
}

/** ctest writes one testcase element for each test, its outcome in the attribute `status`. */
function readJUnit(xml) {
  const passed = [];
  const failed = [];
  const skipped = [];
  const outcomes = { run: passed, notrun: skipped, disabled: skipped };
  for (const [, name, status] of xml.matchAll(/<testcase name="([^"]*)"[^>]*\bstatus="([^"]*)"/g)) {
    (outcomes[status] ?? failed).push(name);
  }
  return { passed: passed.length, failed, skipped };
}
