import { Worker } from 'node:worker_threads';
import { requireInteger } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { programPath } from '../base/package-root.js';
import type { Reply, Request, WorkerData } from './onnx-worker.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: LetheError): void;
}

/**
 * An ONNX model in ONNX Runtime (CPU), in a separate worker thread. It must be closed, because an
 * open one keeps the process alive.
 */
export class OnnxRuntime {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** Pending calls, oldest first; the worker answers in order. */
  readonly #waiting: Waiting[] = [];
  /** Set when nothing can run any more: the reason. */
  #end: LetheError | undefined;
  #version = '';

  private constructor(data: WorkerData) {
    this.#worker = new Worker(programPath('runtime/onnx-worker'), {
      workerData: data,
      // Without the process's own flags: with --input-type a worker cannot be started from a file.
      execArgv: [],
    });
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.shift();
      if ('error' in reply) waiting?.reject(failure(reply.error));
      else waiting?.resolve(reply.value);
    });
    this.#worker.on('error', (cause) => this.#stop(failure(cause)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (status) => {
        this.#stop(failure(new Error(`its worker thread ended with status ${status}`)));
        resolve();
      });
    });
  }

  /**
   * Starts the worker thread and loads a model there.
   *
   * @param model an ONNX file with one input [N, features] and one output [N, classes], both
   * float32
   * @param options.threads the threads of ONNX Runtime, at least 1
   * @param options.files the files that hold the model's external data, by location; default: none
   * @throws {LetheError} ERR_RUNTIME: the runtime or the model cannot be loaded.
   */
  static async load(
    model: Uint8Array,
    { threads, files = new Map() }: { threads: number; files?: ReadonlyMap<string, Uint8Array> },
  ): Promise<OnnxRuntime> {
    const runtime = new OnnxRuntime({ model, threads, files });
    try {
      runtime.#version = await runtime.#reply<string>();
      return runtime;
    } catch (error) {
      await runtime.close();
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
   * @param features float32 [rows, columns]; transferred to the worker, so the array is empty
   * afterwards
   * @returns float32 [rows, classes]
   * @throws {LetheError} ERR_RUNTIME: the runtime refuses the features, has failed, or is closed.
   * ERR_INVALID_ARGUMENT: not rows times columns features, or no row.
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
    if (this.#end) throw this.#end;
    const request: Request = { features, rows, columns };
    this.#worker.postMessage(request, [features.buffer as ArrayBuffer]);
    return this.#reply<Float32Array>();
  }

  /**
   * Ends the worker thread and rejects unfinished runs. The thread is asked to end between two
   * runs, because terminating it inside ONNX Runtime can abort the whole process.
   */
  async close(): Promise<void> {
    this.#stop(new LetheError('ERR_RUNTIME', 'ONNX Runtime is closed'));
    const request: Request = 'close';
    this.#worker.postMessage(request);
    await this.#exited;
  }

  /** Waits for the worker's next reply that no earlier call waits for. */
  #reply<Value>(): Promise<Value> {
    const value = new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    return value as Promise<Value>;
  }

  #stop(reason: LetheError): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}

function failure(cause: unknown): LetheError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LetheError('ERR_RUNTIME', `ONNX Runtime failed: ${message}`, { cause });
}
