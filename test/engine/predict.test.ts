import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';
import { ENDLESS, TOY_WIDTHS, toyData, toyDataset } from '../support/toy.js';

const dataset = toyDataset({ rows: 70 });
const { features } = toyData({ rows: 70 });
const model = Model.create(TOY_WIDTHS, { seed: 4 });

describe('predict', () => {
  it('gives the bits of the logits of a data set, for bytes and for floats', async () => {
    const expected = await model.logits(dataset, dataset.allRows());
    expect(model.predict(features, dataset.affine)).toEqual(expected);
    for (const row of [0, 33, 69]) {
      const bytes = features.subarray(row * 12, (row + 1) * 12);
      expect(model.predict(bytes, dataset.affine)).toEqual(
        expected.subarray(row * 3, (row + 1) * 3),
      );
    }
    const floats = dataset.normalized(dataset.allRows());
    model.predict(floats).forEach((logit, i) => {
      expect(Math.abs(logit - expected[i]!)).toBeLessThan(1e-5);
    });
  });

  it('follows the model when it is trained', async () => {
    const trained = model.clone();
    const before = trained.predict(features, dataset.affine);
    await trained.train(dataset, { epochs: 1 });
    const after = trained.predict(features, dataset.affine);
    expect(after).not.toEqual(before);
    expect(after).toEqual(await trained.logits(dataset, dataset.allRows()));
  });

  it('refuses a model that is being changed', async () => {
    const busy = model.clone();
    const stop = new AbortController();
    const run = busy.train(dataset, { ...ENDLESS, signal: stop.signal });
    await expectCode(() => busy.predict(features, dataset.affine), 'ERR_BUSY');
    stop.abort();
    await expectCode(() => run, 'ERR_ABORTED');
    expect(busy.predict(features, dataset.affine)).toHaveLength(210);
  });

  it.each([
    ['no inputs', new Float32Array(0)],
    ['half a row', new Float32Array(18)],
    ['not a number', new Float32Array(12).fill(Number.NaN)],
    ['an array', new Array(12).fill(0)],
    ['doubles', new Float64Array(12)],
    ['clamped bytes', new Uint8ClampedArray(12)],
    ['nothing', undefined],
  ])('refuses %s', async (_, inputs) => {
    await expectCode(() => model.predict(wrong(inputs)), 'ERR_INVALID_ARGUMENT');
  });

  it.each([null, {}, { scale: 0, offset: 0 }, { scale: 1 }, { scale: 1, offset: Number.NaN }])(
    'refuses the affine map %j',
    async (affine) => {
      await expectCode(() => model.predict(features, wrong(affine)), 'ERR_INVALID_ARGUMENT');
    },
  );

  it('throws if a logit is not finite, and works again afterwards', async () => {
    const huge = new Float32Array(12).fill(3e38);
    const large = Model.fromParameters([12, 3], new Float32Array(39).fill(9));
    await expectCode(() => large.predict(huge), 'ERR_DIVERGED');
    expect(large.predict(new Float32Array(12))).toEqual(Float32Array.of(9, 9, 9));
  });
});
