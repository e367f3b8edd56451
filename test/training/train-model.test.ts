import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '#lethe/datasets/synthetic-digits';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { expectCode, wrong } from '../support/errors.js';
import { range, TOY_WIDTHS, toyData, toyDataset } from '../support/toy.js';

const digits = syntheticDigits({ trainRows: 3000, testRows: 1 });
const train = new Dataset(digits.train);
const WIDTHS = [784, 128, 32, 10];

/** Rows that any network can learn, also from few components. */
const easyData = toyData({ rows: 3000, columns: 300, classes: 10 });
const easy = new Dataset(easyData);
const EASY_WIDTHS = [300, 128, 32, 10];

const accuracyOn = async (dataset: Dataset, model: Model) =>
  (await model.evaluate(dataset, dataset.allRows())).accuracy;

const quickly = (dataset: Dataset, options: TrainModelOptions = {}) =>
  trainModel(EASY_WIDTHS, dataset, { ...options, recipe: 'fast' });

describe('the fast recipe', () => {
  it('is as accurate as the plain one on easy rows, for a part of its work', async () => {
    const fast = await quickly(easy, { seed: 1 });
    const plain = await trainModel(EASY_WIDTHS, easy, { recipe: 'plain' });
    expect(fast.model.widths).toEqual(EASY_WIDTHS);
    expect(await accuracyOn(easy, fast.model)).toBeGreaterThanOrEqual(
      await accuracyOn(easy, plain.model),
    );
    expect(fast.multiplyAdds).toBeLessThan(0.2 * plain.multiplyAdds);
    expect(Object.keys(fast.seconds)).toEqual(['project', 'score', 'train', 'report']);
    expect(fast.reasons.join('\n')).toMatch(/of 300 features used\nprojected to \d+ components/);
    expect(fast.reasons.join('\n')).toMatch(/\n2 x \d+-64-16-10, 188 steps of 8 rows, each pass/);
    expect(fast.steps).toBe(2 * 188);
  });

  it('visits all rows alike under wrong labels, of which it cannot tell the hard rows', async () => {
    const labels = easyData.labels.map((label, row) =>
      (Math.imul(row + 1, 0x9e3779b1) >>> 11) % 10 === 0 ? (label + 1) % 10 : label,
    );
    const dataset = new Dataset({ ...easyData, labels });
    const fast = await quickly(dataset);
    expect(fast.reasons.join('\n')).toMatch(
      /% only: all rows are visited alike\n2 x \d+-64-16-10, 188 steps of 8 rows$/,
    );
    // On the labels as they should be.
    expect(await accuracyOn(easy, fast.model)).toBeGreaterThan(97);
  });

  it('takes a single component, or a batch of one', async () => {
    const odd: TrainModelOptions = { components: 1, batchSize: 1, nets: 1, steps: 20 };
    expect((await quickly(easy, odd)).model.widths).toEqual(EASY_WIDTHS);
  });
});

describe.each([
  { recipe: 'steady', data: digits.train, widths: WIDTHS },
  { recipe: 'fast', data: easyData, widths: EASY_WIDTHS },
] as const)('the recipe $recipe', ({ recipe, data, widths }) => {
  const dataset = new Dataset(data);
  const usual = trainModel(widths, dataset, { recipe });
  const { affine: _, ...rest } = data;
  const accuracyFor = async (features: Float32Array, by: 'steady' | 'fast' | 'plain' = recipe) => {
    const scaled = new Dataset({ ...rest, features });
    return accuracyOn(scaled, (await trainModel(widths, scaled, { recipe: by })).model);
  };

  it.each([
    ['wide', 3],
    ['so wide that the plain recipe learns nothing', 10],
  ])('learns from features whose scales differ by a range %s', async (__, base) => {
    const features = dataset
      .normalized(dataset.allRows())
      .map((value, i) => value * base ** ((((i % data.columns) % 7) % 5) - 2));
    const reached = await accuracyFor(features);
    expect(reached).toBeGreaterThan(70);
    expect(reached).toBeGreaterThan((await accuracyFor(features, 'plain')) - 10);
  });

  it.each([1e-33, 1e-25, 1e22, 1e32])('learns from features of magnitude %f', async (size) => {
    const features = Float32Array.from(data.features, (value) => (size * value) / 255);
    const expected = await accuracyOn(dataset, (await usual).model);
    expect(await accuracyFor(features)).toBeGreaterThan(expected - 2);
  });

  it('reports its progress', async () => {
    const seen: string[] = [];
    await trainModel(widths, dataset, { recipe, onProgress: ({ phase }) => seen.push(phase) });
    const phases = { steady: ['train'], fast: ['project', 'score', 'train'] };
    expect([...new Set(seen)]).toEqual(phases[recipe]);
  });

  it('can be aborted', async () => {
    const controller = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'train') controller.abort();
    };
    const { signal } = controller;
    await expectCode(
      () => trainModel(widths, dataset, { recipe, signal, onProgress }),
      'ERR_ABORTED',
    );
    const boom = new Error('boom');
    const failing = trainModel(widths, dataset, {
      recipe,
      onProgress: () => {
        throw boom;
      },
    });
    await expect(failing).rejects.toBe(boom);
  });
});

describe('the recipe plain', () => {
  it('is five epochs of Model.train', async () => {
    const { model, steps, reasons, multiplyAdds } = await trainModel(WIDTHS, train, {
      ...{ recipe: 'plain', seed: 3, rows: range(0, 999) },
    });
    const expected = Model.create(WIDTHS, { seed: 3 });
    const run = await expected.train(train, { seed: 3, rows: range(0, 999) });
    expect(model.hash()).toBe(expected.hash());
    expect(steps).toBe(run.steps);
    expect(reasons).toEqual(['5 epochs of 128 rows a step']);
    // Each visit is forward and gradients of all weights, backwards of all but the first; then a
    // look at 500 rows.
    const weights = 784 * 128 + 128 * 32 + 32 * 10;
    expect(multiplyAdds).toBe(999 * 5 * (3 * weights - 784 * 128) + 500 * weights);
  });
});

describe('the recipe auto', () => {
  it('trains on all rows by what it chose, and reports how', async () => {
    const { choice, ...trained } = await trainModel(WIDTHS, train, { seed: 4 });
    expect(choice!.recipe).toEqual(trained.recipe);
    expect(trained.model.recipe).toEqual(trained.recipe);
    expect(choice!.validationRows).toBe(300);
    expect(choice!.rungs.map(({ recipe }) => recipe).slice(0, 2)).toEqual([
      { name: 'steady' },
      { name: 'steady', epochs: 5 },
    ]);
    for (const { validation, training } of choice!.rungs) {
      expect(validation.rows).toBe(300);
      expect(training.rows).toBe(2700);
    }
    const { name, epochs } = trained.recipe;
    const alone = await trainModel(WIDTHS, train, {
      ...{ recipe: name as 'steady', seed: 4 },
      ...(epochs !== undefined && { epochs: epochs as number }),
    });
    expect(trained.model.hash()).toBe(alone.model.hash());
    expect(trained.multiplyAdds).toBe(choice!.multiplyAdds + alone.multiplyAdds);
    expect(trained.reasons).toEqual([...choice!.reasons, ...alone.reasons]);
    expect(trained.steps).toBe(alone.steps);
    expect(Object.keys(trained.seconds)).toContain('choose');
    expect(alone.choice).toBeUndefined();
  });

  it('does not take fast where it loses', async () => {
    const more = new Dataset(syntheticDigits({ trainRows: 14_000, testRows: 1 }).train);
    const { choice, recipe } = await trainModel([784, 512, 10], more);
    const [fast, steady] = choice!.rungs;
    expect(choice!.reasons[0]).toMatch(/^fast is tried: small networks reach/);
    expect(fast!.recipe).toEqual({ name: 'fast' });
    expect(fast!.validation.accuracy).toBeLessThan(steady!.validation.accuracy - 1);
    expect(recipe.name).toBe('steady');
  });

  it('takes fast where it loses nothing', async () => {
    const more = toyDataset({ rows: 14_000, columns: 784, classes: 10 });
    const widths = [784, 512, 10];
    const { choice, recipe, model } = await trainModel(widths, more);
    expect(recipe).toEqual({ name: 'fast' });
    expect(choice!.rungs[0]!.recipe).toEqual({ name: 'fast' });
    expect(await accuracyOn(more, model)).toBeGreaterThan(99);
    // The check alone decides where nothing is recorded.
    const retrained = await exactRetrain({
      ...{ model: Model.create(widths), dataset: more, forget: [0] },
      retain: range(1, 14_000),
    });
    expect(retrained.recipe).toEqual({ name: 'fast' });
    const plainWork = 5 * 13_999 * (2 * 784 * 512 + 3 * 512 * 10);
    expect(retrained.multiplyAdds).toBeLessThan(0.1 * plainWork);
  });

  it('takes a longer run where it gains', async () => {
    // Classes that interleave along the sum of two columns: a few epochs do not tell them apart.
    const rows = 8000;
    const noise = (i: number) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
    const features = Float32Array.from({ length: 2 * rows }, (__, i) => noise(7 * i));
    const labels = Uint32Array.from({ length: rows }, (__, row) => {
      return Math.floor(6 * (features[2 * row]! + features[2 * row + 1]!)) % 2;
    });
    const stripes = new Dataset({
      name: 'stripes',
      rows,
      columns: 2,
      classes: 2,
      features,
      labels,
    });
    const { choice, recipe } = await trainModel([2, 64, 2], stripes);
    const [first, second] = choice!.rungs;
    expect(second!.validation.accuracy).toBeGreaterThan(first!.validation.accuracy + 1);
    expect(recipe.epochs).toBeGreaterThanOrEqual(5);
  });

  it('holds out whole owners', async () => {
    const owners = Uint32Array.from({ length: 3000 }, (_, row) => row % 12);
    const { choice } = await trainModel(WIDTHS, train, { owners });
    // Of twelve owners of 250 rows one fits in a tenth.
    expect(choice!.validationRows).toBe(250);
  });

  it('chooses nothing where one owner has all rows', async () => {
    const { choice, recipe } = await trainModel(TOY_WIDTHS, toyDataset(), {
      owners: new Uint32Array(300),
    });
    expect(choice).toMatchObject({ rungs: [], validationRows: 0, multiplyAdds: 0 });
    expect(recipe).toEqual({ name: 'steady' });
  });

  it('reports its progress only of the training', async () => {
    const seen: { phase: string; step: number; steps: number }[] = [];
    const { steps } = await trainModel(TOY_WIDTHS, toyDataset(), {
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen.length).toBeGreaterThan(0);
    for (const progress of seen) expect(progress).toMatchObject({ phase: 'train', steps });
  });
});

describe('quality', () => {
  it('is measured on a sample of the rows it was trained on', async () => {
    const { quality, model } = await trainModel(WIDTHS, train, { rows: range(0, 1500) });
    expect(quality.rows).toBe(500);
    const all = await model.evaluate(train, range(0, 1500));
    expect(Math.abs(quality.accuracy - all.accuracy)).toBeLessThan(2);
    const few = await trainModel(WIDTHS, train, { recipe: 'steady', rows: range(0, 400) });
    const { accuracy } = await few.model.evaluate(train, range(0, 400));
    expect(few.quality).toMatchObject({ rows: 400 });
    expect(few.quality.accuracy).toBeCloseTo(accuracy, 10);
  });

  const data = toyData({ rows: 300 });
  const zeros = (labels: Uint32Array) =>
    new Dataset({ ...data, labels, features: new Uint8Array(3600) });
  const NO_BETTER = 'no better than the most frequent class';

  it.each(['steady', 'fast', 'plain', 'auto'] as const)(
    'says so where %s has learnt no more than the most frequent class',
    async (recipe) => {
      const labels = Uint32Array.from({ length: 300 }, (_, row) => (row % 3 === 0 ? 1 : 2));
      const { quality, reasons } = await trainModel(TOY_WIDTHS, zeros(labels), { recipe });
      // By hand: two classes are there, of which one is always right.
      expect(quality).toEqual({
        ...{ rows: 300, accuracy: 200 / 3, macroRecall: 50, mostFrequentClass: 200 / 3 },
      });
      expect(reasons.at(-1)).toBe(
        `${NO_BETTER}: 66.7 % of a sample of the rows are right, and that class alone is 66.7 % of them`,
      );
    },
  );

  it('has nothing to say of a single class, or where more is learnt', async () => {
    const single = await trainModel(TOY_WIDTHS, zeros(new Uint32Array(300)));
    expect(single.quality).toMatchObject({ accuracy: 100, mostFrequentClass: 100 });
    const learnt = await trainModel(TOY_WIDTHS, new Dataset(data));
    expect(learnt.quality.mostFrequentClass).toBeCloseTo(100 / 3, 10);
    for (const { reasons } of [single, learnt]) {
      expect(reasons.join('\n')).not.toContain(NO_BETTER);
    }
  });
});

describe('trainModel', () => {
  it('uses the widths as they were at the call', async () => {
    const widths = [...WIDTHS];
    const running = trainModel(widths, train, { recipe: 'steady' });
    widths[1] = 64;
    expect((await running).model.widths).toEqual(WIDTHS);
  });

  it.each<readonly [string, unknown, unknown]>([
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
    ['steps without a recipe', TOY_WIDTHS, { steps: 5 }],
    ['epochs without a recipe', TOY_WIDTHS, { epochs: 5 }],
    ['epochs of the recipe fast', TOY_WIDTHS, { recipe: 'fast', epochs: 5 }],
    ['a learning rate of the recipe steady', TOY_WIDTHS, { recipe: 'steady', learningRate: 1 }],
    ...[0, -1, 1001, Number.NaN, Infinity, '5', null].map(
      (epochs) => [`epochs of ${epochs}`, TOY_WIDTHS, { recipe: 'steady', epochs }] as const,
    ),
    ['owners of the recipe steady', TOY_WIDTHS, { recipe: 'steady', owners: new Uint32Array(300) }],
    ['owners too few', TOY_WIDTHS, { owners: new Uint32Array(299) }],
    ['owners in a list', TOY_WIDTHS, { owners: Array(300).fill(0) }],
    ['null for owners', TOY_WIDTHS, { owners: null }],
    ['a scale in words', TOY_WIDTHS, { scale: 'no' }],
    ['a digest in words', TOY_WIDTHS, { digest: 'yes' }],
    ['options that are none', TOY_WIDTHS, 5],
  ])('refuses %s', async (_, widths, options) => {
    const call = () => trainModel(wrong(widths), toyDataset(), wrong(options));
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});

describe('what happens to the data set during a training', () => {
  it('is no other label: callers see copies', async () => {
    const dataset = new Dataset(easyData);
    const expected = await quickly(dataset, { seed: 1 });
    dataset.labels.fill(0);
    const again = await quickly(dataset, { seed: 1 });
    expect(again.model.hash()).toBe(expected.model.hash());
    expect(again.quality).toEqual(expected.quality);
  });

  it('is no erasure, not even between two passes', async () => {
    const dataset = toyDataset();
    const running = trainModel(TOY_WIDTHS, dataset);
    let refused = 0;
    let isOver = false;
    const done = running.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await expectCode(() => dataset.erase([0]), 'ERR_BUSY');
      refused++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(refused).toBeGreaterThan(1);
    await dataset.erase([0]);
    expect(dataset.allRows().length).toBe(299);
  });
});
