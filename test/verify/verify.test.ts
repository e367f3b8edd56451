import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { Dataset } from '#lethe/engine/dataset';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import type { Predictor } from '#lethe/engine/predictor';
import { type VerificationSet, verify } from '#lethe/verify/verify';
import { expectCode } from '../support/errors.js';

const ROWS = 60;
const widths = [6, 5, 4, 3];
const model = Model.create(widths, { seed: 1 });
const train = data({ name: 'toy train' });
const test = data({ name: 'toy test', rows: 7 });
const all = [{ name: 'all', dataset: train, rows: train.allRows() }];

function data({ name = '', rows = ROWS, columns = 6 }): Dataset {
  return new Dataset({
    name,
    rows,
    columns,
    classes: 3,
    features: Uint8Array.from({ length: rows * columns }, (_, i) => (i * 37) % 256),
    affine: { scale: 1 / 255, offset: -0.5 },
    labels: Uint32Array.from({ length: rows }, (_, row) => row % 3),
  });
}

/** The model, but with logits that differ from its parameters'. */
function lying(change: (logits: Float32Array, rows: readonly number[]) => void) {
  return {
    widths,
    parameters: () => model.parameters(),
    logits: async (...args: Parameters<Model['logits']>) => {
      const logits = await model.logits(...args);
      change(logits, [...args[1]]);
      return logits;
    },
  };
}

describe('verify', () => {
  it('finds that engine and runtime agree, with chunks that do not divide the sets evenly', async () => {
    const forget = [50, 3, 8];
    const retain = [...train.allRows()].filter((row) => !forget.includes(row));
    const { perSet, ...total } = await verify(
      model,
      [
        { name: 'forget', dataset: train, rows: forget },
        { name: 'retain', dataset: train, rows: retain },
        { name: 'test', dataset: test, rows: test.allRows() },
      ],
      { chunkRows: 11, threads: 1 },
    );
    expect(Object.entries(perSet).map(([name, { rows }]) => [name, rows])).toEqual([
      ['forget', 3],
      ['retain', ROWS - 3],
      ['test', 7],
    ]);
    expect(total.rows).toBe(ROWS + 7);
    expect(total.compared + total.ties).toBe(total.rows);
    expect(total.compared).toBeGreaterThan(0);
    expect(total.agreement).toBe(1);
    expect(total.maxAbsDiff).toBeLessThan(1e-5);
    expect(total.maxAbsDiff).toBe(
      Math.max(...Object.values(perSet).map(({ maxAbsDiff }) => maxAbsDiff)),
    );
    expect(total.runtime).toMatch(/^onnxruntime-node \d/);
  });

  it('calls it no agreement if every row is a tie, so that no prediction was compared', async () => {
    const zeros = new Float32Array(model.parameters().length);
    const result = await verify(Model.fromParameters(widths, zeros), all);
    expect(result).toMatchObject({ rows: ROWS, compared: 0, ties: ROWS });
    expect(result.agreement).toBeUndefined();
  });

  it('verifies the model as it was, however it is trained meanwhile', async () => {
    for (const trained of [model.clone(), new Ensemble([{ model: model.clone(), weight: 1 }])]) {
      const own = trained instanceof Ensemble ? trained.members[0]!.model : trained;
      const before = own.hash();
      const verified = verify(trained, all, { chunkRows: 1 });
      await own.train(train, { epochs: 50, learningRate: 0.5 });
      expect(own.hash()).not.toBe(before);
      expect((await verified).agreement).toBe(1);
    }
  });

  it('names set, row and both values if a logit is off by 1e-2', async () => {
    const liar = lying((logits, rows) => {
      const at = rows.indexOf(42);
      if (at >= 0) logits[3 * at + 1]! += 1e-2;
    });
    const rows = train.allRows().positions.reverse();
    await expect(
      verify(liar, [{ name: 'retain', dataset: train, rows }], { chunkRows: 16 }),
    ).rejects.toMatchObject({
      code: 'ERR_VERIFICATION_FAILED',
      message: expect.stringMatching(
        /^retain set, row 42 of toy train: the logit of class 1 is -?0\.\d+ in the engine and -?0\.\d+ in ONNX Runtime, but may differ by at most 0\.0001$/,
      ),
    });
  });

  it('refuses logits that are not finite', async () => {
    const liar = lying((logits) => logits.fill(Number.NaN, 0, 1));
    await expect(verify(liar, all)).rejects.toThrow(/row 0 .* NaN .* must be finite/);
  });

  it('refuses another number of logits', async () => {
    const liar: Predictor = { ...lying(() => {}), logits: async () => new Float32Array(3) };
    await expect(verify(liar, all)).rejects.toMatchObject({ code: 'ERR_VERIFICATION_FAILED' });
  });

  it.each<[string, VerificationSet[], LetheErrorCode]>([
    ['two sets of one name', [...all, ...all], 'ERR_INVALID_ARGUMENT'],
    ['no sets', [], 'ERR_EMPTY_SET'],
    ['an empty set', [{ name: 'forget', dataset: train, rows: [] }], 'ERR_EMPTY_SET'],
    [
      'a row that is not there',
      [{ name: 'forget', dataset: train, rows: [ROWS] }],
      'ERR_INVALID_ROWS',
    ],
    [
      'features of another width',
      [{ name: 'test', dataset: data({ columns: 5 }), rows: [0] }],
      'ERR_INVALID_ARGUMENT',
    ],
  ])('refuses %s', async (_, sets, code) => {
    await expect(verify(model, sets)).rejects.toMatchObject({ name: 'LetheError', code });
  });

  it.each([{ chunkRows: 0 }, { tolerance: Number.NaN }, { tolerance: 0.011 }, { threads: 1.5 }])(
    'refuses %o',
    async (options) => {
      await expect(verify(model, all, options)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      });
    },
  );

  it('can be aborted, before it starts and between chunks', async () => {
    const aborted = { code: 'ERR_ABORTED', cause: 'enough' };
    const signal = AbortSignal.abort('enough');
    await expect(verify(model, all, { signal })).rejects.toMatchObject(aborted);

    const controller = new AbortController();
    let chunks = 0;
    const counting = lying(() => {
      if (++chunks === 2) controller.abort('enough');
    });
    await expect(
      verify(counting, all, { chunkRows: 10, signal: controller.signal }),
    ).rejects.toMatchObject(aborted);
    expect(chunks).toBe(2);
  });
});

it('allows for the rounding of large terms that nearly cancel, and for no more', async () => {
  const [columns, hidden] = [3072, 32];
  const widths = [columns, hidden, 2];
  const noise = (i: number) => (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24;
  const parameters = Model.create(widths, { seed: 3 }).parameters();
  // Neighbouring columns have opposite weights and almost the same large values.
  for (let i = 0; i < columns * hidden; i++) {
    parameters[i] = i % 2 === 0 ? noise(i) : -parameters[i - 1]!;
  }
  const features = Float32Array.from(
    { length: 40 * columns },
    (_, i) => 1000 * noise(i >> 1) + noise(i + 7),
  );
  const dataset = new Dataset({
    ...{ name: 'pairs', rows: 40, columns, classes: 2, features },
    labels: new Uint32Array(40),
  });
  const model = Model.fromParameters(widths, parameters);
  const set = { name: 'all', dataset, rows: dataset.allRows() };
  const { maxAbsDiff } = await verify(model, [set]);
  expect(maxAbsDiff).toBeGreaterThan(1e-4);
  await expectCode(() => verify(model, [set], { tolerance: 1e-9 }), 'ERR_VERIFICATION_FAILED');
});
