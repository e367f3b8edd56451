import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { retrain } from '#lethe/unlearn/exact/retrain';
import { garbled, range, TOY_WIDTHS, toyData } from '../../support/toy.js';

const data = toyData();
const dataset = new Dataset(data);
const model = Model.create(TOY_WIDTHS, { seed: 1 });
const forget = range(40, 120);
const retain = [...range(0, 40), ...range(120, 300)];
const options = { seed: 7, epochs: 3, batchSize: 32, learningRate: 0.05 };

describe('retrain', () => {
  it('trains a new model on the retain set', async () => {
    const before = model.hash();
    const result = await retrain({ model, dataset, forget, retain }, options);
    const expected = Model.create(TOY_WIDTHS, { seed: 7 });
    const { steps } = await expected.train(dataset, { ...options, rows: retain });
    expect(result.model.hash()).toBe(expected.hash());
    expect(result.steps).toBe(steps);
    expect(Object.keys(result.seconds)).toEqual(['train']);
    expect(model.hash()).toBe(before);
  });

  it('does not depend on the contents of forgotten rows', async () => {
    const hash = async (of: Dataset) =>
      (await retrain({ model, dataset: of, forget, retain }, options)).model.hash();
    const original = await hash(dataset);
    expect(await hash(garbled(data, forget))).toBe(original);
    // A changed retain row does change the result, so the expectation above is meaningful.
    expect(await hash(garbled(data, [0]))).not.toBe(original);
  });

  it('reports its progress', async () => {
    const seen: unknown[] = [];
    const onProgress = (progress: unknown) => seen.push(progress);
    await retrain({ model, dataset, forget, retain }, { ...options, onProgress });
    expect(seen[0]).toEqual({ phase: 'train', step: 0, steps: 21, epoch: 0 });
  });

  it('depends only on the widths of the model', async () => {
    const other = Model.create(TOY_WIDTHS, { seed: 99 });
    const [a, b] = await Promise.all(
      [model, other].map((from) => retrain({ model: from, dataset, forget, retain }, options)),
    );
    expect(a!.model.hash()).toBe(b!.model.hash());
  });
});
