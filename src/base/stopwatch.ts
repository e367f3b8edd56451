/** Measures the durations of consecutive phases. */
export class Stopwatch {
  /** Seconds of each phase. */
  readonly seconds: Record<string, number> = {};
  #last = performance.now();

  /** Adds the time since the previous call, or since construction, to a phase. */
  lap(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = (this.seconds[phase] ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
  }
}
