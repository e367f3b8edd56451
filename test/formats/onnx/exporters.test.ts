import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { argmax, softmax } from '#lethe/engine/evaluation';
import { decodeSafetensors } from '#lethe/engine/safetensors';
import { type ImportedModel, loadOnnx } from '#lethe/formats/import-model';
import { expectCode } from '../../support/errors.js';
import { expectClose } from '../../support/fixture.js';

const CASES = new URL('../../fixtures/cases/onnx-exporters/', import.meta.url);
const FORMS = new URL('../../fixtures/onnx/', import.meta.url);

/** The model's logits of rows of the file's input. */
async function logitsOf({ model, affine }: ImportedModel, features: Float32Array) {
  const columns = model.widths[0]!;
  const rows = features.length / columns;
  const dataset = new Dataset({
    ...{ name: 'rows', rows, columns, classes: model.classes, labels: new Uint32Array(rows) },
    ...{ features, ...(affine && { affine }) },
  });
  return model.logits(dataset, dataset.allRows());
}

interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Inputs, and what ONNX Runtime computes of them. */
const expected = JSON.parse(readFileSync(new URL('expected.json', CASES), 'utf8')) as Record<
  string,
  { input: Tensor; outputs: Record<string, Tensor> }
>;

/** What an output holds, by its name in the cases; all others hold logits. */
const PROBABILITIES = ['probs', 'probabilities'];

describe.each(Object.entries(expected))("an exporter's %s", (file, { input, outputs }) => {
  it('computes what ONNX Runtime does', async () => {
    const imported = await loadOnnx(new URL(file, CASES).pathname);
    const { classes } = imported.model;
    const logits = await logitsOf(imported, Float32Array.from(input.values));
    for (const [name, { shape, values }] of Object.entries(outputs)) {
      const theirs = Float32Array.from(values);
      const probabilities = Float32Array.from(softmax(logits, classes));
      if (name === 'output_label') {
        const labels = values.map((_, row) => argmax(logits, row * classes, classes));
        expect(labels.map((label) => Number(imported.model.classNames![label]))).toEqual(values);
      } else if (PROBABILITIES.includes(name)) {
        expectClose(probabilities, theirs, name);
      } else if (shape[1] === 1) {
        expect(classes).toBe(2);
        expect(logits.filter((_, i) => i % 2 === 0)).toEqual(new Float32Array(shape[0]!));
        expectClose(
          probabilities.filter((_, i) => i % 2 === 1),
          theirs,
          name,
        );
      } else {
        expectClose(logits, theirs, name);
      }
    }
  });
});

describe('the cases', () => {
  it('are all there, and name the classes where the file does', async () => {
    const files = readdirSync(CASES).filter((name) => name.endsWith('.onnx'));
    expect(Object.keys(expected).sort()).toEqual(files.sort());
    const load = (name: string) => loadOnnx(new URL(name, CASES).pathname);
    expect((await load('sklearn-mlp-zipmap.onnx')).model.classNames).toEqual(['0', '1', '2']);
    expect((await load('sklearn-mlp-probabilities.onnx')).model.classNames).toBeUndefined();
  });
});

const { tensors } = decodeSafetensors(readFileSync(new URL('expected.safetensors', FORMS)));
const computed = (name: string) =>
  new Float32Array(Uint8Array.from(tensors.get(name)!.bytes).buffer);
const forms = readdirSync(FORMS)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -'.onnx'.length));

const classNames: Record<string, string[]> = {
  'sklearn-binary': ['no', 'yes'],
  'logistic-regression': ['a', 'b', 'c'],
  'logistic-regression-binary': ['3', '7'],
};

describe.each(forms.filter((name) => !name.startsWith('refused-')))('the form %s', (name) => {
  it("computes NumPy's logits", async () => {
    const imported = await loadOnnx(new URL(`${name}.onnx`, FORMS).pathname);
    const logits = await logitsOf(imported, computed(`${name}.features`));
    expectClose(logits, computed(`${name}.logits`), name);
    expect(imported.model.classNames).toEqual(classNames[name]);
  });
});

const REFUSED: Record<string, string> = {
  if: 'If "If0" decides while the model runs',
  loop: 'Loop "Loop0" decides while the model runs',
  slice: 'Slice "Slice0" takes the features apart',
  'clip-6': 'Clip "Clip1" limits values to 0..6',
  'sigmoid-hidden': 'Sigmoid "Sigmoid1" is computed of 5 values',
  'softmax-hidden': 'Softmax "Softmax1" is read by Gemm "Gemm2"',
  'leaky-relu': 'LeakyRelu "LeakyRelu1" is no ReLU',
  gelu: 'Gelu "Gelu1" is an activation that the engine does not have',
  mask: 'Greater "Greater1" cannot be part',
  sign: 'Greater "Greater1" cannot be part',
  'largest-over-rows': 'ArgMax "ArgMax3" must go over the classes',
  confidence:
    'is read by ReduceMax "ReduceMax5": between layers the engine has ReLU alone, and at the end a ' +
    'Softmax, LogSoftmax or Sigmoid. This is for the output confidence of probabilities, confidence: ' +
    'the option `output` chooses another one',
  'names-alone': 'nothing but the names of classes: export the scores too',
  'two-heads': 'its outputs kind, colour are results of different layers: choose one output',
  'softmax-over-rows': 'Softmax "Softmax3" must go over the classes',
  'single-logit': 'a single logit and no Sigmoid',
  'many-labels': 'Sigmoid "Sigmoid3" is computed of 3 values',
  'sum-over-rows': 'Gemm "Gemm0" must leave the rows apart',
  'layer-normalization': 'LayerNormalization "LayerNormalization0" scales each row',
  'whole-numbers': 'Mul "Mul0" computes with numbers of type INT64',
  'cut-off': 'Cast "Cast0" cuts numbers to whole ones',
  'l2-normalizer': 'ai.onnx.ml.Normalizer "Normalizer0" scales each row',
  'value-for-each-row': 'Add "Add0" has a constant with a value of its own for each row',
  'training-dropout': 'Dropout "Dropout0" drops values at random',
  quantized: 'QuantizeLinear "QuantizeLinear0" is of a quantized model',
  'threshold-09': 'Greater "Greater4" names another class than the likelier one',
  'threshold-below': 'Less "Less4" names another class than the likelier one',
  'least-likely': 'TopK "TopK4" must order the classes from the likeliest on',
  'one-vs-rest': 'has the post_transform LOGISTIC of 3 rows of weights',
};

describe('what the engine does not compute', () => {
  it.each(Object.entries(REFUSED))('is refused by name: %s', async (why, reason) => {
    const path = new URL(`refused-${why}.onnx`, FORMS).pathname;
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_UNSUPPORTED_MODEL');
    expect(message).toContain(reason);
    expect(message).toContain(path);
  });

  it('is every refused fixture', () => {
    const refused = forms.filter((name) => name.startsWith('refused-'));
    expect(refused.sort()).toEqual(
      Object.keys(REFUSED)
        .map((why) => `refused-${why}`)
        .sort(),
    );
  });
});

describe('a file of two networks', () => {
  const path = new URL('refused-two-heads.onnx', FORMS).pathname;

  it('is imported by the output that is asked for', async () => {
    const kind = await loadOnnx(path, { output: 'kind' });
    const colour = await loadOnnx(path, { output: 'colour' });
    expect(kind.model.widths).toEqual([6, 5, 3]);
    expect(colour.model.widths).toEqual([6, 5, 4]);
  });

  it('has no other output', async () => {
    const { message } = await expectCode(
      () => loadOnnx(path, { output: 'size' }),
      'ERR_INVALID_ARGUMENT',
    );
    expect(message).toContain('output must be one of "kind", "colour", but is "size"');
  });
});
