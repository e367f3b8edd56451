import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Exit {
  readonly code: number | null;
  /** The signal that ended the process, if it crashed. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs test/engine/children/<script>.mjs in a separate process, which may crash.
 *
 * @param flags command-line flags of Node
 */
export async function runChild(
  script: string,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): Promise<Exit> {
  const path = fileURLToPath(new URL(`../engine/children/${script}.mjs`, import.meta.url));
  return exitOf(process.execPath, [...flags, path, ...args], environment);
}

/** The same in a process that may address so much memory, in GiB, and no more. */
export async function runLimitedChild(script: string, gibibytes: number): Promise<Exit> {
  const path = fileURLToPath(new URL(`../engine/children/${script}.mjs`, import.meta.url));
  const limited = `ulimit -v ${2 ** 20 * gibibytes} && exec "$0" "$1"`;
  return exitOf('sh', ['-c', limited, process.execPath, path], {});
}

/** Runs a program in a separate process. */
export async function exitOf(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Exit> {
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Only stops a hanging process.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
