import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { Model } from '#lethe/engine/model';
import { fromOnnx, loadOnnx } from '#lethe/formats/import-model';
import { modelOfLayers } from '#lethe/formats/linear-layers';
import { decodeOnnx } from '#lethe/formats/onnx/graph';
import { parseOnnx } from '#lethe/formats/onnx/import';
import { ModelProtoSchema } from '#lethe/formats/onnx/onnx_pb';
import { verifyImport } from '#lethe/formats/onnx/verify-import';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { expectCode, wrong } from '../../support/errors.js';

const FORMS = new URL('../../fixtures/onnx/', import.meta.url);
const fixture = (name: string) => readFileSync(new URL(`${name}.onnx`, FORMS));

afterEach(() => {
  vi.restoreAllMocks();
});

/** What verification says of a model whose parameters are not those of the file. */
async function verified(name: string, change: (parameters: Float32Array, model: Model) => void) {
  const perceptron = parseOnnx(decodeOnnx(fixture(name), name), name);
  const model = modelOfLayers(name, perceptron.layers);
  const parameters = model.parameters();
  change(parameters, model);
  const changed = Model.fromParameters(model.widths, parameters);
  return verifyImport(changed, perceptron, new Map());
}

describe('verification while a model is loaded', () => {
  it.each([
    'batchnorm-first',
    'bytes',
    'one-row',
    'sigmoid-first',
    'sklearn-binary',
    'tensorflow',
    'logistic-regression',
  ])('finds a single weight of %s that is off by a hundredth', async (name) => {
    await verified(name, () => {});
    const { message } = await expectCode(
      () =>
        verified(name, (parameters, model) => {
          // The last weight of the last class; of a single logit, the one that is not 0.
          const at = parameters.length - 1 - model.classes;
          parameters[parameters[at] === 0 ? at - model.widths.at(-2)! : at]! += 0.01;
        }),
      'ERR_VERIFICATION_FAILED',
    );
    expect(message).toMatch(
      /of the tensor \S+ is \S+ instead of \S+; the largest difference is 0\.\d+/,
    );
  });

  it('finds classes in another order', async () => {
    await expectCode(
      () => verified('logistic-regression', (parameters) => parameters.copyWithin(0, 6, 12)),
      'ERR_VERIFICATION_FAILED',
    );
  });

  it('finds what is lost where a mean is far beyond the deviation', async () => {
    const model = fromBinary(ModelProtoSchema, fixture('per-feature-constants'));
    const [mean] = model.graph!.node.flatMap(({ attribute }) => attribute.map(({ t }) => t!));
    const values = Float32Array.from({ length: 6 }, (_, i) => 3e6 + i);
    mean!.rawData = new Uint8Array(values.buffer);
    const bytes = toBinary(ModelProtoSchema, model);
    const { message } = await expectCode(() => fromOnnx(bytes), 'ERR_VERIFICATION_FAILED');
    expect(message).toContain('inputs scaled to about 1');
    expect((await fromOnnx(bytes, { verify: false })).model.widths).toEqual([6, 5, 3]);
  });

  it('says what is missing where ONNX Runtime is not there', async () => {
    const missing = new LetheError('ERR_RUNTIME', "Cannot find package 'onnxruntime-node'");
    vi.spyOn(OnnxRuntime, 'load').mockRejectedValue(missing);
    const path = new URL('opset-7.onnx', FORMS).pathname;
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_RUNTIME');
    expect(message).toContain(path);
    expect(message).toContain('Reinstall onnxruntime-node');
    expect(message).toContain('`verify: false`');
    expect((await loadOnnx(path, { verify: false })).model.classes).toBe(3);
  });

  it('refuses a version that ONNX Runtime does not know', async () => {
    const model = fromBinary(ModelProtoSchema, fixture('opset-7'));
    model.irVersion = 99n;
    const { message } = await expectCode(
      () => fromOnnx(toBinary(ModelProtoSchema, model)),
      'ERR_RUNTIME',
    );
    expect(message).toContain('IR version');
  });

  it.each([{ verify: 1 }, { output: 3 }, { outputs: 'logits' }])(
    'takes no options like %j',
    async (options) => {
      await expectCode(() => fromOnnx(fixture('opset-7'), wrong(options)), 'ERR_INVALID_ARGUMENT');
    },
  );
});
