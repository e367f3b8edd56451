import type { ChildProcess } from 'node:child_process';
import { LetheError } from '../errors.js';
import { ioError } from '../io-error.js';
import { programPath } from '../package-root.js';
import { type Channel, Inbox } from './channel.js';

/** How long a start may take: Node waits for ever for threads that it was not allowed to start. */
const START_MS = 60_000;

/** The child has ended by itself, e.g. because it crashed. */
export class ChildEnded extends Error {
  /** @param how e.g. `SIGSEGV` or `status 1` */
  constructor(readonly how: string) {
    super(`its process has ended with ${how}`);
  }
}

/**
 * A process that runs one of the package's programs, which begins with parentChannel. It ends with the
 * thread that has started it, whatever ends that, and in the middle of anything.
 */
export class Child implements Channel {
  readonly #process: ChildProcess;
  readonly #inbox = new Inbox();
  readonly #ended: Promise<ChildEnded>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (message) => this.#inbox.push(message));
    // Not `exit`, after which messages may still come.
    this.#ended = new Promise((resolve) => {
      process.once('close', (status, signal) => {
        const ended = new ChildEnded(signal ?? `status ${status}`);
        this.#inbox.end(ended);
        resolve(ended);
      });
    });
    // Where nothing listens, an error would end this process. It only says what `close` says too.
    process.on('error', () => {});
    process.stdin!.on('error', () => {});
    (process.stdin as unknown as Unreferable).unref();
  }

  /**
   * @param program as programPath takes it
   * @param purpose what for, e.g. `a process to read rows.parquet`
   * @throws {LetheError} ERR_IO, ERR_OUT_OF_MEMORY: no process can be started; says what to do.
   */
  static async start(program: string, purpose: string): Promise<Child> {
    const child = new Child(await spawned(program, purpose));
    const timer = setTimeout(() => child.kill(), START_MS);
    try {
      // The program says that it has begun: what ends it later is not the start.
      await child.receive();
      return child;
    } catch (cause) {
      child.kill();
      throw new LetheError(
        'ERR_IO',
        `cannot start ${purpose}: ${(cause as Error).message} before it began. The limits of ` +
          'this process hold for it too: see that `ulimit -a` leaves it memory, files and threads',
        { cause },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws {ChildEnded} */
  async send(message: unknown): Promise<void> {
    const error = await new Promise<Error | null>((resolve) => {
      this.#process.send(message as object, resolve);
    });
    if (!error) return;
    // It cannot be reached, so it has ended or is about to, and how is the better reason.
    this.kill();
    throw await this.#ended;
  }

  /** @throws {ChildEnded} */
  receive(): Promise<unknown> {
    return this.#inbox.take();
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** From now on it does not keep this process alive; at first it does. */
  unref(): void {
    this.#process.unref();
    this.#process.channel?.unref();
  }

  ref(): void {
    this.#process.ref();
    this.#process.channel?.ref();
  }
}

interface Unreferable {
  unref(): void;
}

/** @throws {LetheError} */
async function spawned(program: string, purpose: string): Promise<ChildProcess> {
  const { fork } = await import('node:child_process');
  let child: ChildProcess;
  try {
    child = fork(programPath(program), [], {
      serialization: 'advanced',
      // Neither the flags of this process nor what it asks of others, such as to wait for a debugger.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      // The child watches its standard input, which this process never writes to, for the end of it.
      stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    });
  } catch (cause) {
    throw startError(purpose, cause);
  }
  if (child.pid !== undefined) return child;
  // It was never there: to kill it would hit whichever process has the number in unset memory.
  const cause = await new Promise((resolve) => child.once('error', resolve));
  throw startError(purpose, cause);
}

const REMEDIES: Readonly<Record<string, string>> = {
  EAGAIN: 'this user may start no more processes: end some, or raise `ulimit -u`',
  ENOENT: 'Node is no longer where this process was started from: restart this process',
  EACCES: 'the file of Node may not be executed: let this user execute it',
};

function startError(purpose: string, cause: unknown): LetheError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'ENOMEM') {
    const message = `cannot start ${purpose}: there is no memory for it: free some and try again (ENOMEM)`;
    return new LetheError('ERR_OUT_OF_MEMORY', message, { cause });
  }
  if (!Object.hasOwn(REMEDIES, code)) return ioError('start', purpose, cause);
  return new LetheError('ERR_IO', `cannot start ${purpose}: ${REMEDIES[code]} (${code})`, {
    cause,
  });
}
