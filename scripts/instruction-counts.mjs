// Counts the instructions of a few training steps with callgrind and compares them with the
// committed counts, which shows regressions that noisy timings would hide. `--update` rewrites the
// counts.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runMain, ToolError } from './tools.mjs';

const COMMITTED = join(ROOT, 'native/bench/instructions.json');
const PROGRAM = join(ROOT, 'build/bench_engine');

/** A single thread, because waiting threads spin for a varying number of instructions. */
const RUNS = {
  dense: 'stages 1 32 1 3 784 128 64 10',
  zeroSkipping: 'stages 1 32 0.19 3 784 128 64 10',
};

/** Allows for other versions of the compiler and of the C++ library. */
const TOLERANCE = 0.1;

/** The instructions of a run; with AVX2, because valgrind does not support AVX-512. */
function count(request) {
  const { status, stderr, error } = spawnSync(
    'valgrind',
    [
      ...['--tool=callgrind', '--callgrind-out-file=/dev/null'],
      ...['--toggle-collect=lethe::cpu::CpuExecutor::step*', PROGRAM],
    ],
    { input: `${request}\n`, encoding: 'utf8', env: { ...process.env, LETHE_ISA: 'avx2' } },
  );
  const collected = /Collected : (\d+)/.exec(stderr ?? '')?.[1];
  if (status !== 0 || !(Number(collected) > 0)) {
    throw new ToolError(`callgrind has counted no instructions: ${error?.message ?? stderr}`);
  }
  return Number(collected);
}

/** @throws {ToolError} if a run takes notably more instructions than the committed count */
export function checkInstructionCounts({ update = false } = {}) {
  const counts = Object.fromEntries(
    Object.entries(RUNS).map(([name, request]) => [name, count(request)]),
  );
  if (update) {
    writeFileSync(COMMITTED, `${JSON.stringify(counts, null, 2)}\n`);
    return;
  }
  const committed = JSON.parse(readFileSync(COMMITTED, 'utf8'));
  const worse = [];
  for (const [name, instructions] of Object.entries(counts)) {
    const ratio = instructions / committed[name];
    console.log(
      `${name}: ${instructions} instructions, ${ratio.toFixed(3)} of the committed count`,
    );
    if (!(ratio <= 1 + TOLERANCE)) worse.push(name);
  }
  if (worse.length > 0) {
    throw new ToolError(
      `more instructions than ${COMMITTED} allows: ${worse.join(', ')}. If that is intended, run ` +
        '`node scripts/instruction-counts.mjs --update` and commit the file.',
    );
  }
}

if (process.argv[1] === import.meta.filename) {
  await runMain(() => checkInstructionCounts({ update: process.argv.includes('--update') }));
}
