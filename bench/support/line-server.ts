import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BenchError } from './bench-error.js';

/** A program that answers each line on its stdin with one JSON object on its stdout. */
export class LineServer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  /** Comes after all that it has said. */
  readonly #closed: Promise<unknown>;
  #stderr = '';

  constructor(command: string, args: readonly string[], environment = process.env) {
    this.#child = spawn(command, args, { env: environment });
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
    // What goes wrong with the pipe shows in the missing answer.
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', ({ message }) => {
      this.#stderr += message;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws {BenchError} ERR_PEER: it has ended, or has not understood. */
  async ask<Answer>(request: string): Promise<Answer> {
    this.#child.stdin.write(`${request}\n`);
    return this.read<Answer>();
  }

  /** The next object that it prints, asked or not. */
  async read<Answer>(): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    const [command] = this.#child.spawnargs;
    if (done) {
      await this.#closed;
      const reason = this.#stderr.trim() || this.#child.signalCode || 'no reason';
      throw new BenchError('ERR_PEER', `${command} has ended: ${reason}`);
    }
    const answer = JSON.parse(value) as Answer & { error?: string };
    if (answer.error !== undefined) {
      throw new BenchError('ERR_PEER', `${command}: ${answer.error}`);
    }
    return answer;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
