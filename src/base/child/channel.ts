/** One end of the messages between a process and its child. */
export interface Channel {
  /** Resolves when the message is on its way, so that messages do not pile up. */
  send(message: unknown): Promise<void>;
  /** The next message, in the order of sending. */
  receive(): Promise<unknown>;
}

/** How much of an array is in a message at most. */
const PIECE_BYTES = 2 ** 22;

type Values = Float32Array | Uint8Array;

/** Sends an array of any size, a piece at a time; receiveArray takes it. */
export async function sendArray(channel: Channel, values: Values): Promise<void> {
  const most = PIECE_BYTES / values.BYTES_PER_ELEMENT;
  await channel.send(values.length);
  for (let at = 0; at < values.length; at += most) {
    await channel.send(values.subarray(at, at + most));
  }
}

/** The array that sendArray sends. */
export async function receiveArray<Array extends Values>(
  channel: Channel,
  Type: new (length: number) => Array,
): Promise<Array> {
  const values = new Type((await channel.receive()) as number);
  for (let at = 0; at < values.length; ) {
    const piece = (await channel.receive()) as Array;
    values.set(piece, at);
    at += piece.length;
  }
  return values;
}

/** Messages in the order of arrival, for whoever asks for them, sooner or later. */
export class Inbox {
  readonly #messages: unknown[] = [];
  readonly #waiting: { resolve(message: unknown): void; reject(error: Error): void }[] = [];
  #end: Error | undefined;

  push(message: unknown): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(message);
    else this.#messages.push(message);
  }

  /** No message will come any more: the reason. */
  end(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }

  take(): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }
}
