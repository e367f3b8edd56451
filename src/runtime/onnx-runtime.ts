import { requireInteger } from '../base/arguments.js';
import { receiveArray, sendArray } from '../base/child/channel.js';
import type { Child } from '../base/child/child.js';
import { LetheError } from '../base/errors.js';
import type { OnnxReply, OnnxRequest } from './onnx-child.js';
import { acquireProcess, type Origin, releaseProcess } from './onnx-process.js';

export interface OnnxRuntimeOptions {
  /** The threads of ONNX Runtime, at least 1. */
  readonly threads: number;
  /** The files that hold the model's external data, by location; default: none. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Ends ONNX Runtime at once, in the middle of a run too. */
  readonly signal?: AbortSignal | undefined;
  /** Who wrote the model; default `others`. */
  readonly origin?: Origin;
}

/** An ONNX model in ONNX Runtime (CPU), in a process of its own. Must be closed. */
export class OnnxRuntime {
  readonly #child: Child;
  readonly #origin: Origin;
  /** Resolves after the last exchange that was asked for: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  /** Set when nothing can run any more: the reason. */
  #end: LetheError | undefined;
  #version = '';
  readonly #ignoreSignal: () => void;

  private constructor(child: Child, origin: Origin, signal: AbortSignal | undefined) {
    this.#child = child;
    this.#origin = origin;
    const abort = () => this.#stop(aborted(signal!));
    this.#ignoreSignal = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
  }

  /**
   * Loads a model in a process that has no other.
   *
   * @param model an ONNX file with one input [N, features] and one output [N, classes], both
   * float32
   * @throws {LetheError} ERR_RUNTIME: the process cannot be started, or the runtime or the model cannot
   * be loaded. ERR_ABORTED.
   */
  static async load(
    model: Uint8Array,
    { threads, files = new Map(), origin = 'others', signal }: OnnxRuntimeOptions,
  ): Promise<OnnxRuntime> {
    const child = await acquireProcess(origin).catch((cause) => {
      throw new LetheError('ERR_RUNTIME', (cause as Error).message, { cause });
    });
    const runtime = new OnnxRuntime(child, origin, signal);
    try {
      const request: OnnxRequest = { threads, locations: [...files.keys()] };
      const arrays = [model, ...files.values()];
      runtime.#version = (await runtime.#inTurn(() => runtime.#ask(request, ...arrays)))!;
      return runtime;
    } catch (error) {
      // Nobody knows what a model that cannot be loaded leaves behind.
      runtime.#stop(error as LetheError);
      throw error;
    }
  }

  /** E.g. `onnxruntime-node 1.30.0`. */
  get name(): string {
    return `onnxruntime-node ${this.#version}`;
  }

  /**
   * Runs the model on rows of features.
   *
   * @param features float32 [rows, columns], not to be changed until the logits are there
   * @returns float32 [rows, classes]
   * @throws {LetheError} ERR_RUNTIME: the runtime refuses the features, has failed, or is closed.
   * ERR_INVALID_ARGUMENT: not rows times columns features, or no row. ERR_ABORTED.
   */
  async run(features: Float32Array, rows: number, columns: number): Promise<Float32Array> {
    requireInteger('rows', rows, 1);
    requireInteger('columns', columns, 1);
    if (features.length !== rows * columns) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `features must hold ${rows} x ${columns} values, but has ${features.length}`,
      );
    }
    return this.#inTurn(async () => {
      await this.#ask({ rows, columns }, features);
      return receiveArray(this.#child, Float32Array);
    });
  }

  /** Rejects unfinished runs. */
  async close(): Promise<void> {
    const isReusable = !this.#end && !this.#isBusy;
    this.#stop(new LetheError('ERR_RUNTIME', 'ONNX Runtime is closed'), isReusable);
    if (isReusable) await releaseProcess(this.#child, this.#origin);
  }

  #inTurn<Value>(exchange: () => Promise<Value>): Promise<Value> {
    const value = this.#turn.then(async () => {
      if (this.#end) throw this.#end;
      this.#isBusy = true;
      try {
        return await exchange();
      } catch (cause) {
        throw this.#end ?? failure(cause);
      } finally {
        this.#isBusy = false;
      }
    });
    this.#turn = value.catch(() => {});
    return value;
  }

  /** @returns the value of the reply */
  async #ask(
    request: OnnxRequest,
    ...arrays: readonly (Float32Array | Uint8Array)[]
  ): Promise<string | undefined> {
    await this.#child.send(request);
    for (const array of arrays) await sendArray(this.#child, array);
    const reply = (await this.#child.receive()) as OnnxReply;
    if ('error' in reply) throw reply.error;
    return reply.value;
  }

  #stop(reason: LetheError, isReusable = false): void {
    this.#ignoreSignal();
    this.#end ??= reason;
    if (!isReusable) this.#child.kill();
  }
}

function failure(cause: unknown): LetheError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LetheError('ERR_RUNTIME', `ONNX Runtime failed: ${message}`, { cause });
}

function aborted(signal: AbortSignal): LetheError {
  return new LetheError('ERR_ABORTED', 'the run of ONNX Runtime was aborted', {
    cause: signal.reason,
  });
}
