import ora, { type Ora } from 'ora';

/** What is being done, on stderr: one line that changes in a terminal, one line a stage elsewhere. */
export class Progress {
  readonly #spinner: Ora | undefined;

  constructor() {
    if (process.stderr.isTTY) this.#spinner = ora();
  }

  stage(text: string): void {
    if (this.#spinner) this.#spinner.start(text);
    else process.stderr.write(`${text}\n`);
  }

  stop(): void {
    this.#spinner?.stop();
  }
}
