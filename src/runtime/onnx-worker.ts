/**
 * The entry point of the worker thread that holds ONNX Runtime, whose `run()` blocks; only this
 * file loads it. Requests are answered one at a time, in the order of arrival.
 */
import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

export interface WorkerData {
  /** An ONNX file with one input [N, features] and one output [N, classes], both float32. */
  readonly model: Uint8Array;
  readonly threads: number;
  /** The files that hold its external data, by location. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export type Request =
  | { readonly features: Float32Array; readonly rows: number; readonly columns: number }
  /** Ends the thread after all earlier requests have been answered. */
  | 'close';

/**
 * The first reply means that the model is loaded; its value is the runtime's version. Each request
 * to run is then answered with its logits, float32 [rows, classes], or an error.
 */
export type Reply<Value = unknown> = { readonly value: Value } | { readonly error: unknown };

/** Errors are thrown as exceptions, so they need not be logged as well. */
const FATAL = 4;

async function main(port: NonNullable<typeof parentPort>, data: WorkerData): Promise<void> {
  env.logLevel = 'fatal';
  const session = await InferenceSession.create(data.model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: data.threads,
    interOpNumThreads: 1,
    logSeverityLevel: FATAL,
    externalData: Array.from(data.files, ([path, contents]) => ({ path, data: contents })),
  });
  const requests = on(port, 'message') as AsyncIterable<[Request]>;
  port.postMessage({ value: env.versions.node! } satisfies Reply<string>);
  for await (const [request] of requests) {
    if (request === 'close') break;
    try {
      const value = await run(session, request);
      port.postMessage({ value } satisfies Reply<Float32Array>, [value.buffer]);
    } catch (error) {
      port.postMessage({ error } satisfies Reply);
    }
  }
  await session.release();
}

/**
 * Runs the model with a preallocated output, because memory that the runtime allocates itself
 * cannot be transferred to the other thread.
 */
async function run(
  session: InferenceSession,
  { features, rows, columns }: Exclude<Request, 'close'>,
): Promise<Float32Array<ArrayBuffer>> {
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  const classes = classesOf(session);
  const logits = new Float32Array(rows * classes);
  await session.run(
    { [input]: new Tensor('float32', features, [rows, columns]) },
    { [output]: new Tensor('float32', logits, [rows, classes]) },
  );
  return logits;
}

function classesOf(session: InferenceSession): number {
  const output = session.outputMetadata[0];
  const classes = output?.isTensor ? output.shape[1] : undefined;
  if (typeof classes !== 'number') throw new Error('the output is not of shape [N, classes]');
  return classes;
}

await main(parentPort!, workerData as WorkerData);
