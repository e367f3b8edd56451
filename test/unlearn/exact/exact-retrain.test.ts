import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { type ExactRetrainOptions, exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { expectCode, wrong } from '../../support/errors.js';
import { garbled, range, toyData } from '../../support/toy.js';

const WIDTHS = [12, 64, 3];
const data = toyData({ rows: 1500 });
const dataset = new Dataset(data);
const model = Model.create(WIDTHS, { seed: 1 });
const forget = range(40, 300);
const retain = [...range(0, 40), ...range(300, 1500)];

const owners = Uint32Array.from(dataset.labels, (_, row) => row % 29);

const hashFor = async (of: Dataset, from = model) =>
  (await exactRetrain({ model: from, dataset: of, forget, retain }, { seed: 7 })).model.hash();

describe('exactRetrain', () => {
  it('is trainModel on the retain set, by the recipe steady on so few columns', async () => {
    const before = model.hash();
    const result = await exactRetrain({ model, dataset, forget, retain }, { seed: 7 });
    const expected = await trainModel(WIDTHS, dataset, { recipe: 'steady', rows: retain, seed: 7 });
    expect(result.model.hash()).toBe(expected.model.hash());
    expect(result.recipe).toEqual({ name: 'steady' });
    expect(result.reasons).toEqual([
      'not the recipe fast: at most 64 features',
      'the recipe steady instead',
      ...expected.reasons,
    ]);
    // And a look at 1,000 rows by the original model.
    expect(result.multiplyAdds).toBe(expected.multiplyAdds + 500 * (12 * 64 + 64 * 3));
    expect(model.hash()).toBe(before);
  });

  it.each<[string, ExactRetrainOptions, TrainModelOptions]>([
    ['steady', { recipe: 'steady' }, { recipe: 'steady' }],
    ['steady for longer', { recipe: 'steady', epochs: 40 }, { recipe: 'steady', epochs: 40 }],
    ['fast', { recipe: 'fast', nets: 2 }, { recipe: 'fast', nets: 2 }],
    ['plain', { recipe: 'plain' }, { recipe: 'plain' }],
    ['its own choice', { recipe: 'choose' }, { recipe: 'auto' }],
    ['its own choice by owners', { recipe: 'choose', owners }, { recipe: 'auto', owners }],
  ])('takes %s where it is told to, whatever is recorded', async (_, options, by) => {
    const recorded = await trainModel(WIDTHS, dataset, { recipe: 'steady', epochs: 77 });
    const result = await exactRetrain(
      { model: recorded.model, dataset, forget, retain },
      { seed: 7, ...options },
    );
    const expected = await trainModel(WIDTHS, dataset, { ...by, rows: retain, seed: 7 });
    expect(result.model.hash()).toBe(expected.model.hash());
    expect(result.recipe).toEqual(expected.recipe);
    expect(result.model.recipe).toEqual(expected.recipe);
    expect(result.reasons).toEqual(expected.reasons);
    expect(result.choice).toEqual(expected.choice);
  });

  it('chooses from the retain set alone', async () => {
    const options = { recipe: 'choose', seed: 7 } as const;
    const [a, b, c] = await Promise.all(
      [dataset, garbled(data, forget), garbled(data, [0])].map((of) =>
        exactRetrain({ model, dataset: of, forget, retain }, options),
      ),
    );
    expect(a!.choice!.rungs.length).toBeGreaterThan(0);
    expect(b!.choice).toEqual(a!.choice);
    expect(b!.model.hash()).toBe(a!.model.hash());
    expect(c!.model.hash()).not.toBe(a!.model.hash());
  });

  it('holds out whole owners to choose, of which only the rows left count', async () => {
    const request = { model, dataset, forget, retain };
    const { choice } = await exactRetrain(request, { recipe: 'choose', owners });
    // A tenth of 1,240 rows are 124: two owners of 42 or 43 rows, and no third one.
    expect(choice!.validationRows).toBeGreaterThanOrEqual(84);
    expect(choice!.validationRows).toBeLessThanOrEqual(124);
    const others = owners.map((owner, row) => (retain.includes(row) ? owner : 5));
    const again = await exactRetrain(request, { recipe: 'choose', owners: others });
    expect(again.choice).toEqual(choice);
  });

  it('reports the original model beside the new one, and uses nothing of it', async () => {
    const { model: good } = await trainModel(WIDTHS, dataset);
    const [ofGood, ofPoor] = await Promise.all(
      [good, Model.create(WIDTHS, { seed: 99 })].map((from) =>
        exactRetrain({ model: from, dataset, forget, retain }, { recipe: 'steady' }),
      ),
    );
    expect(ofGood!.model.hash()).toBe(ofPoor!.model.hash());
    expect(ofGood!.quality).toEqual(ofPoor!.quality);
    expect(ofGood!.quality).toMatchObject({ rows: 500, accuracy: 100, macroRecall: 100 });
    expect(ofGood!.originalQuality).toMatchObject({ rows: 500, accuracy: 100 });
    expect(ofPoor!.originalQuality.accuracy).toBeLessThan(90);
    expect(ofPoor!.originalQuality.mostFrequentClass).toBe(ofPoor!.quality.mostFrequentClass);
  });

  it('reports both on the same rows, which are all where they are few', async () => {
    const few = retain.slice(0, 300);
    const { originalQuality } = await exactRetrain({ model, dataset, forget, retain: few });
    const { accuracy } = await model.evaluate(dataset, few);
    expect(originalQuality.rows).toBe(300);
    expect(originalQuality.accuracy).toBeCloseTo(accuracy, 10);
  });

  it('says so where the result is no better than the most frequent class', async () => {
    const blank = new Dataset({ ...data, features: new Uint8Array(1500 * 12) });
    const { quality, reasons } = await exactRetrain({ model, dataset: blank, forget, retain });
    expect(quality.accuracy).toBeLessThanOrEqual(quality.mostFrequentClass);
    expect(reasons.at(-1)).toMatch(/^no better than the most frequent class: /);
  });

  it('does not depend on the contents of forgotten rows', async () => {
    const original = await hashFor(dataset);
    expect(await hashFor(garbled(data, forget))).toBe(original);
    expect(await hashFor(garbled(data, [0]))).not.toBe(original);
  });

  it('does not depend on the model but for its widths and its recipe', async () => {
    expect(await hashFor(dataset, Model.create(WIDTHS, { seed: 99 }))).toBe(await hashFor(dataset));
  });

  it.each([
    ['rows', { rows: range(0, 1500) }],
    ['owners of a recorded recipe', { owners: new Uint32Array(1500) }],
    ['owners of a recipe that it names', { recipe: 'steady', owners: new Uint32Array(1500) }],
    ['owners too few', { recipe: 'choose', owners: new Uint32Array(1499) }],
    ['recipe slow', { recipe: 'slow' }],
    ['recipe auto', { recipe: 'auto' }],
    ['null for a recipe', { recipe: null }],
    ['steps of the recorded recipe', { steps: 5 }],
    ['epochs of a chosen recipe', { recipe: 'choose', epochs: 5 }],
    ['epochs of the recipe fast', { recipe: 'fast', epochs: 5 }],
    ['no epochs', { recipe: 'steady', epochs: 0 }],
    ['a negative seed', { seed: -1 }],
  ])('has no option %s', async (_, options) => {
    const call = () => exactRetrain({ model, dataset, forget, retain }, wrong(options));
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});
