import ora, { type Ora } from 'ora';

const BAR_WIDTH = 24;

/** What is being done, on stderr: one line that changes in a terminal, one line a stage elsewhere. */
export class Progress {
  readonly #spinner: Ora | undefined;
  #stage = '';

  constructor() {
    if (process.stderr.isTTY) this.#spinner = ora();
  }

  stage(text: string): void {
    if (text === this.#stage) return;
    this.#stage = text;
    if (this.#spinner) this.#spinner.start(text);
    else process.stderr.write(`${text}\n`);
  }

  /** A stage of which a fraction, 0 to 1, is done: a bar, in a terminal. */
  part(text: string, fraction: number): void {
    this.stage(text);
    if (!this.#spinner) return;
    const done = Math.round(BAR_WIDTH * Math.min(1, fraction));
    const bar = '█'.repeat(done) + '░'.repeat(BAR_WIDTH - done);
    this.#spinner.text = `${text} ${bar} ${Math.round(100 * fraction)} %`;
  }

  /** Something that must not be overlooked; it stays. */
  say(text: string): void {
    if (this.#spinner) this.#spinner.stopAndPersist({ symbol: '!', text });
    else process.stderr.write(`${text}\n`);
    this.#stage = '';
  }

  stop(): void {
    this.#spinner?.stop();
  }
}
