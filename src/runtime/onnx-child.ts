/**
 * The program of the process that holds ONNX Runtime, whose `run()` blocks, and which aborts a process
 * that ends while it runs. Holds one model after another, and answers in the order of the requests.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { receiveArray, sendArray } from '../base/child/channel.js';
import { parentChannel } from '../base/child/parent.js';

export type OnnxRequest =
  /**
   * Followed by an ONNX file with one input [N, features] and one output [N, classes], both float32,
   * and by the files of its external data, in the order of their locations.
   */
  | { readonly threads: number; readonly locations: readonly string[] }
  /** Followed by the features, float32 [rows, columns]. */
  | { readonly rows: number; readonly columns: number }
  /** The model is not needed any more. */
  | 'release';

/**
 * The answer to a model is the version of ONNX Runtime, that to rows is followed by their logits,
 * float32 [rows, classes].
 */
export type OnnxReply = { readonly value?: string } | { readonly error: unknown };

/** Errors are thrown as exceptions, so they need not be logged as well. */
const FATAL = 4;

type OnnxRuntimeNode = typeof import('onnxruntime-node');

const channel = parentChannel();
let session: InferenceSession | undefined;

for (;;) {
  const request = (await channel.receive()) as OnnxRequest;
  if (request === 'release') {
    await session?.release();
    session = undefined;
    await reply({});
  } else if ('threads' in request) {
    await load(request);
  } else {
    await run(request);
  }
}

async function load({ threads, locations }: Extract<OnnxRequest, { threads: number }>) {
  const model = await receiveArray(channel, Uint8Array);
  const externalData: { path: string; data: Uint8Array }[] = [];
  for (const path of locations) {
    externalData.push({ path, data: await receiveArray(channel, Uint8Array) });
  }
  try {
    const { env, InferenceSession } = await onnxRuntime();
    env.logLevel = 'fatal';
    session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL,
      externalData,
    });
    await reply({ value: env.versions.node! });
  } catch (error) {
    await reply({ error });
  }
}

async function run(request: Extract<OnnxRequest, { rows: number }>) {
  const features = await receiveArray(channel, Float32Array);
  let logits: Float32Array;
  try {
    logits = await logitsOf(features, request);
  } catch (error) {
    return reply({ error });
  }
  await reply({});
  await sendArray(channel, logits);
}

async function logitsOf(
  features: Float32Array,
  { rows, columns }: Extract<OnnxRequest, { rows: number }>,
): Promise<Float32Array> {
  const { Tensor } = await onnxRuntime();
  const [input, output] = [session!.inputNames[0]!, session!.outputNames[0]!];
  const classes = classesOf(session!);
  // The runtime checks an output that is given against what the model makes.
  const logits = new Float32Array(rows * classes);
  await session!.run(
    { [input]: new Tensor('float32', features, [rows, columns]) },
    { [output]: new Tensor('float32', logits, [rows, classes]) },
  );
  return logits;
}

function classesOf({ outputMetadata: [output] }: InferenceSession): number {
  const classes = output?.isTensor ? output.shape[1] : undefined;
  if (typeof classes !== 'number') throw new Error('the output is not of shape [N, classes]');
  return classes;
}

/** Imported here, so that its absence is an answer. */
function onnxRuntime(): Promise<OnnxRuntimeNode> {
  return import('onnxruntime-node');
}

function reply(message: OnnxReply): Promise<void> {
  return channel.send(message);
}
