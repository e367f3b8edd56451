/** No byte for so long: the server is given up. */
const IDLE_MS = 30_000;

export interface Served {
  /** Whether only what comes after the first bytes is served, as was asked; else it is everything. */
  readonly isRest: boolean;
  /** Bytes to come, where the server says so. */
  readonly length: number | undefined;
  /** Ends with an Error where the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array | Error>;
}

/**
 * Asks for a file from its byte `start` on. Answers why there is none, for a person, where the web is to
 * blame; an abort of the signal is thrown.
 */
export async function fetchFrom(
  url: URL,
  start: number,
  signal?: AbortSignal,
): Promise<Served | string> {
  const idle = new IdleTimer();
  const signals = signal ? [signal, idle.signal] : [idle.signal];
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (start > 0) headers.range = `bytes=${start}-`;
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.any(signals) });
  } catch (error) {
    idle.stop();
    signal?.throwIfAborted();
    return `cannot be reached: ${describe(error)}`;
  }
  const isRest = response.status === 206;
  const startsRight = response.headers.get('content-range')?.startsWith(`bytes ${start}-`);
  if (isRest ? !startsRight : response.status !== 200) {
    idle.stop();
    await response.body?.cancel();
    // What has been fetched so far may be all there is, or more: the caller's check decides.
    if (response.status === 416) return { isRest: true, length: 0, chunks: noChunks() };
    return `answers ${response.status} ${response.statusText}`;
  }
  const length = Number.parseInt(response.headers.get('content-length') ?? '', 10);
  return {
    isRest,
    length: Number.isNaN(length) ? undefined : length,
    chunks: readChunks(response, idle, signal),
  };
}

async function* noChunks(): AsyncGenerator<never> {}

async function* readChunks(
  response: Response,
  idle: IdleTimer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array | Error> {
  try {
    for await (const chunk of response.body ?? []) {
      idle.restart();
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    yield new Error(describe(error));
  } finally {
    idle.stop();
  }
}

class IdleTimer {
  readonly #controller = new AbortController();
  #timer = this.#start();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    const reason = new Error(`no answer for ${IDLE_MS / 1000} s`);
    return setTimeout(() => this.#controller.abort(reason), IDLE_MS);
  }
}

/** fetch hides the reason in the cause. */
function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error
    ? cause.message || String((cause as { code?: string }).code)
    : message;
}
