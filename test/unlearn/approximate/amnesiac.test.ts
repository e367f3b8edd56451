import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type AmnesiacOptions, amnesiac } from '#lethe/unlearn/approximate/amnesiac';
import { expectCode, wrong } from '../../support/errors.js';
import { Fixture } from '../../support/fixture.js';
import { garbled, range, TOY_WIDTHS, toyData } from '../../support/toy.js';

type Training = NonNullable<AmnesiacOptions['training']>;

describe('the same steps in PyTorch', () => {
  const fixture = new Fixture('methods');
  const dataset = new Dataset({
    name: 'fixture',
    features: fixture.floats('x'),
    labels: fixture.indices('labels'),
    ...{ rows: 24, columns: 7, classes: 3, affine: { scale: 1, offset: 0 } },
  });
  const training = { seed: 7, epochs: 3, batchSize: 5, learningRate: 0.1, momentum: 0.9 };
  const forget = [2, 9];
  const retain = range(0, 24).filter((row) => !forget.includes(row));
  /** A row's forward pass takes 87; training three times that, minus the gradient at the inputs. */
  const ROW_WORK = 219;

  it('give the same parameters when subtracted, and after a repair', async () => {
    const model = Model.create(fixture.widths, { seed: 7 });
    await model.train(dataset, training);
    fixture.expectVector(model.parameters(), 'trained.');
    const before = model.hash();
    const request = { model, dataset, forget, retain };
    const subtracted = await amnesiac(request, { training, repair: false });
    fixture.expectVector(subtracted.model.parameters(), 'amnesiac.');
    expect(subtracted).toMatchObject({ steps: 1, undoneSteps: 6, replayedSteps: 15 });
    expect(subtracted.multiplyAdds).toBe(3 * 24 * ROW_WORK);
    expect(Object.keys(subtracted.seconds)).toEqual(['replay']);

    const repair = { epochs: 3, batchSize: 64, learningRate: 0.1 };
    const repaired = await amnesiac(request, { training, repair });
    fixture.expectVector(repaired.model.parameters(), 'repaired.');
    expect(repaired).toMatchObject({ steps: 4, undoneSteps: 6, replayedSteps: 15 });
    expect(repaired.multiplyAdds).toBe((3 * 24 + 3 * 22) * ROW_WORK);
    expect(Object.keys(repaired.seconds)).toEqual(['replay', 'repair']);
    expect(model.hash()).toBe(before);
  });
});

const data = toyData();
const dataset = new Dataset(data);

async function trained(training: Training, on = dataset): Promise<Model> {
  const model = Model.create(
    TOY_WIDTHS,
    training.seed === undefined ? {} : { seed: training.seed },
  );
  await model.train(on, training);
  return model;
}

const split = (forget: readonly number[]) => ({
  dataset,
  forget,
  retain: range(0, 300).filter((row) => !forget.includes(row)),
});

describe('amnesiac', () => {
  const training = { seed: 3, epochs: 1, batchSize: 32, learningRate: 0.05 };
  const repair = false;

  it('undoes the one step that saw the row, and no other', async () => {
    const changed = garbled(data, [17]);
    const upTo = (maxSteps: number, on = dataset) => trained({ ...training, maxSteps }, on);
    // The step that saw the row is the first one that changes with the row's contents.
    let steps = 1;
    while ((await upTo(steps)).hash() === (await upTo(steps, changed)).hash()) steps++;
    expect(steps).toBeGreaterThan(1);
    const [before, after, last] = [
      await upTo(steps - 1),
      await upTo(steps),
      await trained(training),
    ];

    const { model, undoneSteps } = await amnesiac(
      { ...split([17]), model: last },
      { training, repair },
    );
    const [start, end] = [before.parameters(), after.parameters()];
    const expected = last.parameters().map((p, i) => p - Math.fround(end[i]! - start[i]!));
    expect(model.parameters()).toEqual(expected);
    expect(undoneSteps).toBe(1);

    const unseen = await amnesiac(
      { ...split([17]), model: before },
      { training: { ...training, maxSteps: steps - 1 }, repair },
    );
    expect(unseen.model.hash()).toBe(before.hash());
    expect(unseen.undoneSteps).toBe(0);
  });

  it('takes back the steps that saw a sampled row', async () => {
    // Every epoch visits all 200 rows that may be sampled: the row is in one batch of each.
    const sampling = { rows: range(0, 100), sampledRows: range(100, 300), samplesPerEpoch: 200 };
    const long = { ...training, ...sampling, epochs: 3 };
    const request = { ...split([150]), model: await trained(long) };
    const { model, undoneSteps } = await amnesiac(request, { training: long, repair });
    expect(undoneSteps).toBe(3);
    expect(model.hash()).not.toBe(request.model.hash());
  });

  it('replays from initial parameters of another seed', async () => {
    const model = Model.create(TOY_WIDTHS, { seed: 11 });
    await model.train(dataset, training);
    const request = { ...split([17]), model };
    await expectCode(() => amnesiac(request, { training, repair }), 'ERR_INVALID_ARGUMENT');
    const { replayedSteps } = await amnesiac(request, { training, repair, initialSeed: 11 });
    expect(replayedSteps).toBe(10);
  });

  it('returns the initial network if every batch contained a forget row', async () => {
    const model = await trained({ ...training, epochs: 3 });
    const result = await amnesiac(
      { ...split(range(0, 280)), model },
      { training: { ...training, epochs: 3 }, repair },
    );
    expect(result.undoneSteps).toBe(30);
    expect(result.replayedSteps).toBe(30);
    const initial = Model.create(TOY_WIDTHS, { seed: 3 }).parameters();
    const left = result.model.parameters();
    // The sum and the difference are rounded once each, at magnitudes of about 1.
    for (const [i, value] of left.entries())
      expect(Math.abs(value - initial[i]!)).toBeLessThan(5e-7);
  });

  it('then trains an epoch on the retain set', async () => {
    const request = { ...split([17]), model: await trained(training) };
    const { model: expected } = await amnesiac(request, { training, repair });
    await expected.train(dataset, { rows: request.retain, epochs: 1 });
    const { model } = await amnesiac(request, { training });
    expect(model.hash()).toBe(expected.hash());
  });

  it.each<[string, Training]>([
    ['the defaults', {}],
    [
      'a schedule',
      {
        learningRate: [
          [0, 0.1],
          [1, 0],
        ],
        weightDecay: 0.01,
        nesterov: true,
      },
    ],
    ['the hardest rows', { hardest: 8, batchSize: 32 }],
    ['samples', { rows: range(0, 100), sampledRows: range(100, 300), samplesPerEpoch: 50 }],
    ['rows in an order of their own', { rows: range(0, 200).reverse() }],
  ])('replays a training with %s', async (_, options) => {
    const request = { ...split([17, 18]), model: await trained(options) };
    const { model, undoneSteps } = await amnesiac(request, {
      training: options,
      repair,
      threads: 1,
    });
    expect(undoneSteps).toBeGreaterThanOrEqual(5);
    expect(undoneSteps).toBeLessThanOrEqual(10);
    const again = await amnesiac(request, { training: options, repair, threads: 3 });
    expect(again.model.hash()).toBe(model.hash());
  });

  it.each<[string, Training]>([
    ['seed', { ...training, seed: 4 }],
    ['rate', { ...training, learningRate: 0.051 }],
    ['number of epochs', { ...training, epochs: 2 }],
    ['order of the rows', { ...training, rows: range(0, 300).reverse() }],
  ])('refuses a training with another %s', async (_, other) => {
    const request = { ...split([17]), model: await trained(training) };
    const run = () => amnesiac(request, { training: other });
    const { message } = await expectCode(run, 'ERR_INVALID_ARGUMENT');
    expect(message).toContain('does not reproduce the model');
  });

  it('refuses a model that has changed since', async () => {
    const model = await trained(training);
    await model.train(dataset, { rows: [0, 1], maxSteps: 1, learningRate: 1e-3 });
    const changed = model.hash();
    const run = () => amnesiac({ ...split([17]), model }, { training });
    await expectCode(run, 'ERR_INVALID_ARGUMENT');
    expect(model.hash()).toBe(changed);
  });

  it.each<[string, object, LetheErrorCode]>([
    ['a row not trained on', { training: { rows: range(0, 17) } }, 'ERR_INVALID_ROWS'],
    ['rows that are none', { training: { rows: [300] } }, 'ERR_INVALID_ROWS'],
    ['no rows', { training: { rows: [] } }, 'ERR_INVALID_ROWS'],
    ['rows of another type', { training: { rows: 'all' } }, 'ERR_INVALID_ARGUMENT'],
    ['sampled rows of another type', { training: { sampledRows: 5 } }, 'ERR_INVALID_ARGUMENT'],
    ['batches of 0', { training: { batchSize: 0 } }, 'ERR_INVALID_ARGUMENT'],
    ['a momentum of 1', { training: { momentum: 1 } }, 'ERR_INVALID_ARGUMENT'],
    ['a negative seed', { training: { seed: -1 } }, 'ERR_INVALID_ARGUMENT'],
    ['no training', { training: null }, 'ERR_INVALID_ARGUMENT'],
    ['a repair that is none', { training, repair: true }, 'ERR_INVALID_ARGUMENT'],
    ['a repair of null', { training, repair: null }, 'ERR_INVALID_ARGUMENT'],
    ['a repair of 0 epochs', { training, repair: { epochs: 0 } }, 'ERR_INVALID_ARGUMENT'],
  ])('refuses %s', async (_, options, code) => {
    const request = { ...split([17]), model: await trained(training) };
    await expectCode(() => amnesiac(request, wrong(options)), code);
  });

  it('reports its phases, and can be aborted in each', async () => {
    const model = await trained(training);
    const request = { ...split([17]), model };
    const before = model.hash();
    for (const phase of ['replay', 'repair']) {
      const controller = new AbortController();
      const seen: string[] = [];
      const run = () =>
        amnesiac(request, {
          ...{ training, signal: controller.signal },
          onProgress: (progress) => {
            seen.push(progress.phase);
            if (progress.phase === phase) controller.abort();
          },
        });
      await expectCode(run, 'ERR_ABORTED');
      expect(seen.at(-1)).toBe(phase);
      expect(model.hash()).toBe(before);
    }
  });
});
