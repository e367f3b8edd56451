import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '#lethe/datasets/synthetic-digits';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { expectCode, wrong } from '../support/errors.js';
import { range, TOY_WIDTHS, toyData, toyDataset } from '../support/toy.js';

const digits = syntheticDigits({ trainRows: 3000, testRows: 1000 });
const train = new Dataset(digits.train);
const test = new Dataset(digits.test);
const WIDTHS = [784, 128, 32, 10];

const accuracyOn = async (dataset: Dataset, model: Model) =>
  (await model.evaluate(dataset, dataset.allRows())).accuracy;

/** The plain recipe's accuracy on the test rows. */
async function plainAccuracy(dataset: Dataset, widths = WIDTHS) {
  return accuracyOn(test, (await trainModel(widths, dataset, { recipe: 'plain' })).model);
}

describe('the fast recipe', () => {
  it('is as accurate as the plain one on toy data, for a part of its work', async () => {
    const fast = await trainModel(WIDTHS, train, { seed: 1 });
    const plain = await trainModel(WIDTHS, train, { recipe: 'plain' });
    expect(fast.model.widths).toEqual(WIDTHS);
    expect(await accuracyOn(test, fast.model)).toBeGreaterThan(await accuracyOn(test, plain.model));
    expect(fast.multiplyAdds).toBeLessThan(0.2 * plain.multiplyAdds);
    expect(Object.keys(fast.seconds)).toEqual(['project', 'score', 'train']);
    expect(fast.reasons.join('\n')).toMatch(/of 784 features used\nprojected to \d+ components/);
    expect(fast.reasons.join('\n')).toMatch(/\n2 x \d+-64-16-10, 188 steps of 8 rows, each pass/);
  });

  it('gives the same bits on any number of threads', async () => {
    const hashes = await Promise.all(
      [1, 2, 3].map(async (threads) => (await trainModel(WIDTHS, train, { threads })).model.hash()),
    );
    expect(new Set(hashes).size).toBe(1);
    expect((await trainModel(WIDTHS, train, { seed: 1 })).model.hash()).not.toBe(hashes[0]);
  });

  it('does not depend on the contents of other rows', async () => {
    const rows = range(500, 2500);
    const features = Uint8Array.from(digits.train.features);
    const labels = Uint32Array.from(digits.train.labels);
    for (const row of [...range(0, 500), ...range(2500, 3000)]) {
      features.fill(row, 784 * row, 784 * (row + 1));
      labels[row] = 3;
    }
    const garbage = new Dataset({ ...digits.train, features, labels });
    const [a, b] = await Promise.all(
      [train, garbage].map(async (of) => (await trainModel(WIDTHS, of, { rows })).model.hash()),
    );
    expect(a).toBe(b);
    const one = { ...digits.train, labels: labels.with(600, (labels[600]! + 1) % 10) };
    expect((await trainModel(WIDTHS, new Dataset(one), { rows })).model.hash()).not.toBe(a);
  });

  it('reports its progress', async () => {
    const seen: string[] = [];
    await trainModel(WIDTHS, train, { onProgress: ({ phase }) => seen.push(phase) });
    expect([...new Set(seen)]).toEqual(['project', 'score', 'train']);
  });

  it('can be aborted', async () => {
    const controller = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'train') controller.abort();
    };
    const run = trainModel(WIDTHS, train, { signal: controller.signal, onProgress });
    await expectCode(() => run, 'ERR_ABORTED');
    const boom = new Error('boom');
    const failing = trainModel(WIDTHS, train, {
      onProgress: () => {
        throw boom;
      },
    });
    await expect(failing).rejects.toBe(boom);
  });
});

describe('the fast recipe does not collapse', () => {
  it.each([
    ['20 % wrong labels', 5],
    ['a third wrong labels', 3],
  ])('under %s', async (_, every) => {
    const labels = digits.train.labels.map((label, row) =>
      row % every === 0 ? (label + 1 + (row % 9)) % 10 : label,
    );
    const dataset = new Dataset({ ...digits.train, labels });
    const fast = await trainModel(WIDTHS, dataset);
    expect(fast.reasons.join('\n')).toContain('rows given up');
    expect(await accuracyOn(test, fast.model)).toBeGreaterThan((await plainAccuracy(dataset)) - 3);
  });

  it.each([
    ['wide', 3],
    ['so wide that the plain recipe learns nothing', 10],
  ])('on features whose scales differ by a range %s', async (_, base) => {
    const scaled = (dataset: Dataset) => {
      const features = dataset
        .normalized(dataset.allRows())
        .map((value, i) => value * base ** (((i % 784) % 5) - 2));
      const { name, rows, columns, classes, labels } = dataset;
      const affine = { scale: 1, offset: 0 };
      return new Dataset({ name, rows, columns, classes, labels, features, affine });
    };
    const fast = await trainModel(WIDTHS, scaled(train));
    expect(fast.reasons[0]).toContain('scaled');
    const reached = await accuracyOn(scaled(test), fast.model);
    expect(reached).toBeGreaterThan(70);
    const plain = await trainModel(WIDTHS, scaled(train), { recipe: 'plain' });
    expect(reached).toBeGreaterThan((await accuracyOn(scaled(test), plain.model)) - 10);
  });

  it.each([1e-33, 1e-25, 1e22, 1e32])('on features of magnitude %f', async (size) => {
    const { features: bytes, ...rest } = digits.train;
    const features = Float32Array.from(bytes, (value) => (size * value) / 255);
    const scaled = new Dataset({ ...rest, features, affine: { scale: 1, offset: 0 } });
    const { model, reasons } = await trainModel(WIDTHS, scaled);
    expect(reasons.at(-1)).toContain('2 x');
    const usual = await trainModel(WIDTHS, train);
    expect(await accuracyOn(scaled, model)).toBeGreaterThan(
      (await accuracyOn(train, usual.model)) - 2,
    );
  });

  it('on labels that can only be memorized', async () => {
    const labels = digits.train.labels.map((_, row) => (Math.imul(row + 1, 0x9e3779b1) >>> 8) % 10);
    const dataset = new Dataset({ ...digits.train, labels });
    const { model, reasons } = await trainModel(WIDTHS, dataset);
    const plain = await trainModel(WIDTHS, dataset, { recipe: 'plain' });
    // Nine labels of ten are wrong to a thin network, which gives up all but the 5 % it may err.
    expect(reasons.join('\n')).toMatch(/\n2\d{3} rows given up: their labels are likely wrong\n/);
    expect(await accuracyOn(dataset, model)).toBeGreaterThan(
      (await accuracyOn(dataset, plain.model)) - 5,
    );
  });

  it.each([
    ['few rows', WIDTHS, { rows: range(0, 999) }, 'under 1000 rows'],
    ['few hidden units', [784, 31, 10], {}, 'under 32 hidden units'],
    ['no hidden layer', [784, 10], {}, 'under 32 hidden units'],
  ])('on %s: it is the plain recipe', async (_, widths, options, reason) => {
    const { model, reasons, steps } = await trainModel(widths, train, options);
    expect(reasons.join()).toContain(reason);
    const expected = Model.create(widths);
    const plain = await expected.train(train, options);
    expect(model.hash()).toBe(expected.hash());
    expect(steps).toBe(plain.steps);
  });

  it('on features that do not vary', async () => {
    const data = toyData({ rows: 1000 });
    const constant = new Dataset({ ...data, features: new Uint8Array(12_000).fill(7) });
    const { reasons } = await trainModel([12, 64, 3], constant);
    expect(reasons).toEqual(['no feature varies enough to project: the plain recipe']);
  });

  it('at a learning rate that makes it diverge', async () => {
    const { model, reasons } = await trainModel(WIDTHS, train, { learningRate: 1e9 });
    expect(reasons.filter((reason) => reason.startsWith('diverged: longer'))).toHaveLength(2);
    expect(reasons.at(-1)).toBe('diverged: the plain recipe');
    expect(await accuracyOn(test, model)).toBe(await plainAccuracy(train));
  });

  it('with a single class, a single component or a batch of one', async () => {
    const labels = new Uint32Array(3000);
    const single = new Dataset({ ...digits.train, labels, classes: 1 });
    expect(await accuracyOn(single, (await trainModel([784, 64, 1], single)).model)).toBe(100);
    const odd: TrainModelOptions = { components: 1, batchSize: 1, nets: 1, steps: 20 };
    expect((await trainModel(WIDTHS, train, odd)).model.widths).toEqual(WIDTHS);
  });
});

describe('trainModel', () => {
  it('uses the widths as they were at the call', async () => {
    const widths = [...WIDTHS];
    const running = trainModel(widths, train);
    widths[1] = 64;
    expect((await running).model.widths).toEqual(WIDTHS);
  });

  it.each([
    ['widths of other columns', [5, 16, 3], {}],
    ['widths of fewer classes', [12, 16, 2], {}],
    ['one width', [12], {}],
    ['no widths', undefined, {}],
    ['a width that is not whole', [12, 64.5, 3], {}],
    ['a width in words', [12, '64', 3], {}],
    ['a negative width', [12, -5, 3], {}],
    ['a hole in the widths', Object.assign(new Array(3), [12, undefined, 3]), {}],
    ['an unknown recipe', TOY_WIDTHS, { recipe: 'slow' }],
    ['steps of the plain recipe', TOY_WIDTHS, { recipe: 'plain', steps: 5 }],
    ['a scale in words', TOY_WIDTHS, { scale: 'no' }],
    ['options that are none', TOY_WIDTHS, 5],
  ])('refuses %s', async (_, widths, options) => {
    const call = () => trainModel(wrong(widths), toyDataset(), wrong(options));
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});
