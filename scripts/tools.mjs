import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder; every command runs in it unless told otherwise. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** An error that the user can fix; its message is shown without a stack trace. */
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

/** A dependency's command, from this package or from an application that has installed it. */
export function bin(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', '.bin', name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new ToolError(`${name} is missing: run \`npm ci\``);
  }
}

/** Whether a command exists and can be started. */
export function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a command and shows its output; true if it succeeds. */
export function succeeds(command, args, options = {}) {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error) console.error(error.message);
  return status === 0;
}

/** Runs a command and shows its output. @throws {ToolError} if it fails */
export function run(command, args, options = {}) {
  if (!succeeds(command, args, options)) {
    throw new ToolError(`${[command, ...args].join(' ')} failed`);
  }
}

/**
 * Runs a command that writes a report to a file, and returns the report. A report of an earlier run
 * is removed first, so that it cannot be mistaken for this run's.
 *
 * @throws {ToolError} if the command has not written the file
 */
export function runForReport(command, args, path) {
  rmSync(path, { force: true });
  const ok = succeeds(command, args);
  try {
    return { ok, report: readFileSync(path, 'utf8') };
  } catch (cause) {
    throw new ToolError(`${command} has ended without writing its report ${path}`, { cause });
  }
}

/**
 * Installs Debian packages if that is permitted; otherwise throws an error that lists what is
 * missing.
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
