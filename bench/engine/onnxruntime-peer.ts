import type { Dataset, Model } from 'lethe';
import { toOnnx } from 'lethe/formats';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

/** Rows of normalized features, one after the other. */
export interface FeatureRows {
  readonly features: Float32Array;
  readonly columns: number;
}

/** A model in ONNX Runtime, which runs on the calling thread and threads of its own. */
export class OnnxRuntimePeer {
  static readonly version = `ONNX Runtime ${env.versions.node}`;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async load(model: Model, dataset: Dataset, threads: number): Promise<OnnxRuntimePeer> {
    const session = await InferenceSession.create(await toOnnx(model, { dataset }), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    return new OnnxRuntimePeer(session);
  }

  /** The logits of all rows, so many at a time. */
  async logits({ features, columns }: FeatureRows, rowsAtOnce: number): Promise<Float32Array[]> {
    const [input, output] = [this.#session.inputNames[0]!, this.#session.outputNames[0]!];
    const size = rowsAtOnce * columns;
    const logits: Float32Array[] = [];
    for (let start = 0; start < features.length; start += size) {
      const part = features.subarray(start, start + size);
      const tensor = new Tensor('float32', part, [part.length / columns, columns]);
      const results = await this.#session.run({ [input]: tensor });
      logits.push(results[output]!.data as Float32Array);
    }
    return logits;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
