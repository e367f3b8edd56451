import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder; every command runs in it unless told otherwise. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Something that the person at the keyboard can mend; shown without a stack. */
export class ToolError extends Error {}

/** Runs main and turns a ToolError into a message and exit status 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

/** The command that a dependency installs: here, or in the application that has installed this package. */
export function bin(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', '.bin', name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new ToolError(`${name} is missing: run \`npm ci\``);
  }
}

/** Whether a command can be found and started. */
export function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a command, its output shown; true if it succeeds. */
export function succeeds(command, args, options = {}) {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error) console.error(error.message);
  return status === 0;
}

/** Runs a command, its output shown. @throws {ToolError} if it fails */
export function run(command, args, options = {}) {
  if (!succeeds(command, args, options)) {
    throw new ToolError(`${[command, ...args].join(' ')} failed`);
  }
}

/**
 * Runs a command that writes a report to a file and answers the report. One from an earlier run never
 * stands for it.
 *
 * @throws {ToolError} if the command ends without having written it
 */
export function runForReport(command, args, path) {
  rmSync(path, { force: true });
  const ok = succeeds(command, args);
  try {
    return { ok, report: readFileSync(path, 'utf8') };
  } catch (cause) {
    throw new ToolError(`${command} has ended without its report ${path}`, { cause });
  }
}

/**
 * Installs Debian packages where that is permitted; says what is missing where it is not.
 *
 * @throws {ToolError}
 */
export function installDebian(packages, purpose) {
  const wanted = `${purpose} need ${packages.join(', ')}`;
  if (!has('apt-get')) throw new ToolError(`${wanted}: install them with your package manager`);
  const root = process.getuid?.() === 0;
  const sudo = !root && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!root && !sudo) {
    throw new ToolError(`${wanted}: run \`sudo apt-get install ${packages.join(' ')}\``);
  }
  const [command, ...prefix] = sudo ? ['sudo', 'apt-get'] : ['apt-get'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  run(command, [...prefix, 'update', '-qq'], { env });
  run(command, [...prefix, ...install], { env });
}
