import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Ensemble, type EnsembleMember } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import { toOnnx } from '#lethe/formats/export-model';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { verify } from '#lethe/verify/verify';
import { expectCode, wrong } from '../support/errors.js';
import { forward, network, values } from '../support/network.js';

const ROWS = 40;
const networks = [network([5, 7, 3], 0), network([5, 4, 6, 3], 1), network([5, 3], 2)];
const weights = [1, 2, 5];
const members = networks.map(({ widths, parameters }, i) => ({
  model: Model.fromParameters(widths, parameters),
  weight: weights[i]!,
}));
const ensemble = new Ensemble(members);
const features = values(5 * ROWS, 9);
const dataset = new Dataset({
  ...{ name: 'toy', rows: ROWS, columns: 5, classes: 3, features },
  affine: { scale: 1, offset: 0 },
  labels: Uint32Array.from({ length: ROWS }, (_, row) => row % 3),
});

/**
 * The mean probabilities, by a forward pass and softmax in float64 that are independent of the
 * engine.
 */
const probabilities = (() => {
  const total = weights.reduce((a, b) => a + b);
  const mean = new Float64Array(3 * ROWS);
  networks.forEach((own, i) => {
    const powers = forward(own, features).map(Math.exp);
    for (let row = 0; row < ROWS; row++) {
      const three = powers.slice(3 * row, 3 * row + 3);
      const sum = three.reduce((a, b) => a + b);
      three.forEach((power, c) => {
        mean[3 * row + c]! += (weights[i]! / total) * (power / sum);
      });
    }
  });
  return mean;
})();

function expectLogarithms(logits: Float32Array): void {
  expect(logits.length).toBe(probabilities.length);
  for (const [i, p] of probabilities.entries()) expect(logits[i]).toBeCloseTo(Math.log(p), 5);
}

/** A model of one input; for input 1 its logits are 0 and the given one. */
const steep = (logit: number) => Model.fromParameters([1, 2], Float32Array.of(0, logit, 0, 0));

describe('Ensemble', () => {
  it('answers with the logarithm of the weighted mean of probabilities', async () => {
    const logits = await ensemble.logits(dataset, dataset.allRows());
    expectLogarithms(logits);
  });

  it('predicts a few rows at once, as floats and as bytes', () => {
    expectLogarithms(ensemble.predict(Float32Array.from(features)));
    const affine = { scale: 1 / 256, offset: -0.5 };
    const bytes = Uint8Array.from({ length: 10 }, (_, i) => 25 * i);
    const floats = Float32Array.from(bytes, (byte) => affine.scale * byte + affine.offset);
    const own = ensemble.predict(bytes, affine);
    for (const [i, logit] of ensemble.predict(floats).entries()) {
      expect(own[i]).toBeCloseTo(logit, 5);
    }
  });

  it('keeps logarithms of probabilities that underflow, in the engine and in ONNX Runtime', async () => {
    const one = new Dataset({
      ...{ name: 'one', rows: 1, columns: 1, classes: 2, features: Float32Array.of(1) },
      ...{ affine: { scale: 1, offset: 0 }, labels: Uint32Array.of(0) },
    });
    const unlikely = new Ensemble([
      { model: steep(-1000), weight: 1 },
      { model: steep(-990), weight: 3 },
    ]);
    const [first, second] = await unlikely.logits(one, [0]);
    expect(first).toBeCloseTo(0, 6);
    expect(second).toBeCloseTo(-990 + Math.log(0.75 + 0.25 * Math.exp(-10)), 3);
    await verify(unlikely, [{ name: 'one', dataset: one, rows: [0] }]);
  });

  it('evaluates by these logits', async () => {
    const rows = [3, 0, 17, 22];
    const expected = rows.map((row) => [...probabilities.subarray(3 * row, 3 * row + 3)]);
    const { loss, ...shares } = await ensemble.evaluate(dataset, rows);
    const right = expected.filter((p, i) => p.indexOf(Math.max(...p)) === rows[i]! % 3).length;
    expect(shares).toEqual({ rows: 4, correct: right, accuracy: 25 * right });
    const sum = expected.reduce((total, p, i) => total - Math.log(p[rows[i]! % 3]!), 0);
    expect(loss).toBeCloseTo(sum / 4, 5);
  });

  it('answers like its member if there is only one', async () => {
    const alone = new Ensemble([members[1]!]);
    const evaluation = await alone.evaluate(dataset, dataset.allRows());
    const expected = await members[1]!.model.evaluate(dataset, dataset.allRows());
    expect(evaluation.correct).toBe(expected.correct);
    expect(evaluation.loss).toBeCloseTo(expected.loss, 6);
  });

  it('has the hash of its members and their weights', () => {
    const lines = members.map(({ model, weight }) => `${model.hash()} ${weight}\n`);
    const expected = createHash('sha256').update(`lethe ensemble 1\n${lines.join('')}`);
    expect(ensemble.hash()).toBe(expected.digest('hex'));
  });

  it('counts the steps of all members', async () => {
    const seen: [step: number, steps: number][] = [];
    const rows = dataset.allRows();
    await ensemble.logits(dataset, rows, {
      onProgress: ({ step, steps }) => seen.push([step, steps]),
    });
    expect(seen).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });

  it('answers with its members as of the call, even if they are trained meanwhile', async () => {
    const rows = dataset.allRows();
    const own = new Ensemble(
      members.map(({ model, weight }) => ({ model: model.clone(), weight })),
    );
    const expected = await own.logits(dataset, rows);
    const changing = [...rows];
    const asked = own.logits(dataset, changing);
    changing.length = 1;
    const trained = await Promise.all(own.members.map(({ model }) => model.train(dataset)));
    expect(trained).toHaveLength(3);
    expect(await asked).toEqual(expected);
    expect(await own.logits(dataset, rows)).not.toEqual(expected);
  });

  it.each<[string, EnsembleMember[] | undefined, 'ERR_EMPTY_SET' | 'ERR_INVALID_ARGUMENT']>([
    ['no members', [], 'ERR_EMPTY_SET'],
    ['no list', undefined, 'ERR_INVALID_ARGUMENT'],
    ['a weight of 0', [{ ...members[0]!, weight: 0 }], 'ERR_INVALID_ARGUMENT'],
    ['holes', new Array(2), 'ERR_INVALID_ARGUMENT'],
    ['an endless array', new Array(2 ** 32 - 1), 'ERR_INVALID_ARGUMENT'],
    ['no model', [{ model: wrong({}), weight: 1 }], 'ERR_INVALID_ARGUMENT'],
    [
      'other classes',
      [members[0]!, { model: Model.create([5, 4]), weight: 1 }],
      'ERR_INVALID_ARGUMENT',
    ],
    [
      'other inputs',
      [members[0]!, { model: Model.create([6, 3]), weight: 1 }],
      'ERR_INVALID_ARGUMENT',
    ],
  ])('refuses %s', async (_, given, code) => {
    await expectCode(() => new Ensemble(wrong(given)), code);
  });

  it('refuses rows of more classes than it knows', async () => {
    const more = new Dataset({
      ...{ name: 'more', rows: 1, columns: 5, classes: 4, features: values(5, 1) },
      ...{ affine: { scale: 1, offset: 0 }, labels: Uint32Array.of(3) },
    });
    await expectCode(() => ensemble.evaluate(more, [0]), 'ERR_INVALID_ARGUMENT');
  });
});

describe('the graph of an ensemble', () => {
  it('computes the same in ONNX Runtime', async () => {
    const runtime = await OnnxRuntime.load(await toOnnx(ensemble, { dataset }), { threads: 1 });
    try {
      const logits = await runtime.run(Float32Array.from(features), ROWS, 5);
      expectLogarithms(logits);
    } finally {
      await runtime.close();
    }
  });

  it('is compared by verify, which detects a wrong mean', async () => {
    const sets = [{ name: 'all', dataset, rows: dataset.allRows() }];
    expect(await verify(ensemble, sets)).toMatchObject({ rows: ROWS, agreement: 1 });
    const liar = new Ensemble(members.map(({ model }) => ({ model, weight: 1 })));
    const { logits } = Ensemble.prototype;
    const spy = vi.spyOn(Ensemble.prototype, 'logits');
    spy.mockImplementation((...given) => logits.apply(ensemble, given));
    onTestFinished(() => spy.mockRestore());
    await expectCode(() => verify(liar, sets), 'ERR_VERIFICATION_FAILED');
  });
});
