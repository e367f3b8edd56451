import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { expectCode, wrong } from '../../support/errors.js';
import { garbled, range, toyData } from '../../support/toy.js';

const WIDTHS = [12, 64, 3];
const data = toyData({ rows: 1500 });
const dataset = new Dataset(data);
const model = Model.create(WIDTHS, { seed: 1 });
const forget = range(40, 300);
const retain = [...range(0, 40), ...range(300, 1500)];

const hashFor = async (of: Dataset, from = model) =>
  (await exactRetrain({ model: from, dataset: of, forget, retain }, { seed: 7 })).model.hash();

describe('exactRetrain', () => {
  it('is the fast recipe on the retain set', async () => {
    const before = model.hash();
    const result = await exactRetrain({ model, dataset, forget, retain }, { seed: 7 });
    const expected = await trainModel(WIDTHS, dataset, { rows: retain, seed: 7 });
    expect(result.model.hash()).toBe(expected.model.hash());
    expect(result.reasons.at(-1)).toContain('hardest rows');
    expect(result.multiplyAdds).toBe(expected.multiplyAdds);
    expect(model.hash()).toBe(before);
  });

  it('does not depend on the contents of forgotten rows', async () => {
    const original = await hashFor(dataset);
    expect(await hashFor(garbled(data, forget))).toBe(original);
    expect(await hashFor(garbled(data, [0]))).not.toBe(original);
  });

  it('does not depend on the forgotten rows where it falls back on the plain recipe', async () => {
    const half = toyData({ rows: 2400 });
    const [first, second] = [range(0, 1200), range(1200, 2400)];
    const labels = half.labels.map((label, row) => (row < 1200 ? (label + 1) % 3 : label));
    // Networks that learn nothing: every attempt is worse than a thin network, the plain recipe better.
    const options = { seed: 7, steps: 1, learningRate: 1e-9 };
    const results = await Promise.all(
      [half, { ...half, labels }].map((of) =>
        exactRetrain({ model, dataset: new Dataset(of), forget: first, retain: second }, options),
      ),
    );
    for (const { reasons } of results) {
      expect(reasons.at(-1)).toBe('worse than a thin network: the plain recipe');
    }
    expect(results[1]!.model.hash()).toBe(results[0]!.model.hash());
    // 1,200 rows, five epochs of batches of 128, from the seed's parameters.
    const plain = Model.create(WIDTHS, { seed: 7 });
    await plain.train(new Dataset(half), { rows: second, epochs: 5, batchSize: 128, seed: 7 });
    expect(results[0]!.model.hash()).toBe(plain.hash());
  });

  it.each([
    ['rows', range(0, 1500)],
    ['recipe', 'plain'],
  ])('has no option %s: it is the fast recipe on the retain set', async (name, value) => {
    const options = wrong({ [name]: value });
    const call = () => exactRetrain({ model, dataset, forget, retain }, options);
    const { message } = await expectCode(call, 'ERR_INVALID_ARGUMENT');
    expect(message).toContain(`unknown field "${name}"`);
  });

  it('does not depend on the model but for its widths', async () => {
    expect(await hashFor(dataset, Model.create(WIDTHS, { seed: 99 }))).toBe(await hashFor(dataset));
  });
});
