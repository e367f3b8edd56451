/** Measures phases that follow each other. */
export class Stopwatch {
  /** By phase. */
  readonly seconds: Record<string, number> = {};
  #last = performance.now();

  /** Adds the time since the last call, or since the beginning, to a phase. */
  lap(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = (this.seconds[phase] ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
  }
}
