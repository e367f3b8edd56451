/** A server that sends no byte for this long is given up. */
const IDLE_MS = 30_000;

interface Served {
  /** Whether only the requested rest is served; otherwise the whole file. */
  readonly isRest: boolean;
  /** The number of bytes to come, if the server says so. */
  readonly length: number | undefined;
  /** The last chunk is an Error if the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array | Error>;
}

/**
 * Requests a file from its byte `start` on. Returns a readable reason if the server or the network
 * fails; throws if the signal aborts.
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
    // Nothing follows the bytes fetched so far: the caller checks whether they are the file.
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

/** The message of an error; fetch hides the actual reason in its cause. */
function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error
    ? cause.message || String((cause as { code?: string }).code)
    : message;
}
