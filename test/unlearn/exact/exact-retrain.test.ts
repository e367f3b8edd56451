import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
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

  it('depends only on the widths of the model', async () => {
    expect(await hashFor(dataset, Model.create(WIDTHS, { seed: 99 }))).toBe(await hashFor(dataset));
  });
});
