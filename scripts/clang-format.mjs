// Formats the C++ sources, or with --check reports those that are not formatted. The output depends
// on the version of clang-format: this project uses major version 14.

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, runMain, ToolError } from './tools.mjs';

const MAJOR = 14;

/** The command of clang-format in the right version, or undefined. */
export function findClangFormat() {
  return [`clang-format-${MAJOR}`, 'clang-format'].find((command) => {
    try {
      const text = execFileSync(command, ['--version'], { encoding: 'utf8' });
      return text.includes(`version ${MAJOR}.`);
    } catch {
      return false;
    }
  });
}

function main() {
  const command = findClangFormat();
  if (!command) {
    throw new ToolError(`clang-format ${MAJOR} is missing: install clang-format-${MAJOR}`);
  }
  const files = readdirSync(join(ROOT, 'native'), { recursive: true })
    .filter((file) => /\.(h|cpp|cuh?)$/.test(file))
    .map((file) => join('native', file));
  run(command, [
    ...(process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']),
    ...files,
  ]);
}

if (process.argv[1] === import.meta.filename) await runMain(main);
