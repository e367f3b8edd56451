import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { type TrainJob, type TrainManyProgress, trainMany } from '#lethe/jobs/train-many';
import { expectCode, failure, wrong } from '../support/errors.js';
import { ENDLESS, range, TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset();

/** Jobs that differ in seed, widths, rows and hyper-parameters. */
const jobs = (): TrainJob[] =>
  range(0, 7).map((seed) => ({
    model: Model.create(seed % 2 ? TOY_WIDTHS : [12, 20, 3], { seed }),
    dataset,
    seed,
    epochs: 2 + (seed % 3),
    rows: range(0, 300 - 30 * seed),
    learningRate: 0.02 * (seed + 1),
    batchSize: 16,
  }));

describe('trainMany', () => {
  it.each([1, 2, 3, 16])('gives every model the bits of a lone run, %i side by side', async (n) => {
    const together = jobs();
    const results = await trainMany(together, { threads: n });
    const alone = jobs();
    for (const [i, { model, dataset, ...options }] of alone.entries()) {
      const { epochLoss, steps } = await model.train(dataset, options);
      expect(together[i]!.model.hash()).toBe(model.hash());
      expect(results[i]).toMatchObject({ epochLoss, steps });
    }
  });

  it('trains the jobs as they were at the call, even if all of them change meanwhile', async () => {
    const changing = jobs();
    const models = changing.map(({ model }) => model);
    const run = trainMany(changing, { threads: 1 });
    for (const job of changing) Object.assign(job, { model: models[0], epochs: 1, rows: [0] });
    await run;
    const expected = jobs();
    await trainMany(expected, { threads: 1 });
    expect(models.map((model) => model.hash())).toEqual(expected.map(({ model }) => model.hash()));
  });

  it('does nothing without jobs', async () => {
    expect(await trainMany([])).toEqual([]);
  });

  it('reports a growing share, and the whole at the end', async () => {
    const seen: TrainManyProgress[] = [];
    await trainMany(jobs(), { threads: 2, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ finished: 7, models: 7, share: 1 });
    const shares = seen.map(({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it('stops all trainings if the signal aborts, and leaves their models as they were', async () => {
    const stop = new AbortController();
    const endless = jobs().map((job) => ({ ...job, ...ENDLESS }));
    const before = endless.map(({ model }) => model.hash());
    setTimeout(() => stop.abort(), 50);
    await expectCode(() => trainMany(endless, { threads: 3, signal: stop.signal }), 'ERR_ABORTED');
    expect(endless.map(({ model }) => model.hash())).toEqual(before);
  });

  it('throws what a callback throws', async () => {
    const endless = jobs().map((job) => ({ ...job, ...ENDLESS }));
    const onProgress = () => {
      throw new RangeError('enough');
    };
    const error = await failure(() => trainMany(endless, { threads: 2, onProgress }));
    expect(error).toEqual(new RangeError('enough'));
  });

  it('throws the first failure with its job, aborts the others and keeps finished models', async () => {
    const [first, diverging, ...others] = jobs();
    const [endless, ...more] = others.map((job) => ({ ...job, ...ENDLESS }));
    const failing = { ...diverging!, epochs: 1, learningRate: 1e30 };
    const unchanged = [failing, endless!, ...more];
    const before = unchanged.map(({ model }) => model.hash());
    const fresh = first!.model.hash();
    // One thread stays busy; the other trains the first model and then reaches the failing one.
    const error = await expectCode(
      () => trainMany([endless!, first!, failing, ...more], { threads: 2 }),
      'ERR_DIVERGED',
    );
    expect(error.message).toMatch(/^job 2: /);
    expect(first!.model.hash()).not.toBe(fresh);
    expect(unchanged.map(({ model }) => model.hash())).toEqual(before);
  });

  it('refuses a model in two jobs, before it trains any', async () => {
    const [job, other] = jobs();
    const before = other!.model.hash();
    await expectCode(() => trainMany([other!, job!, job!]), 'ERR_INVALID_ARGUMENT');
    expect(other!.model.hash()).toBe(before);
  });

  it.each([0, 1.5, 1025, '2', null])('refuses %s threads', async (threads) => {
    await expectCode(() => trainMany(jobs(), { threads: wrong(threads) }), 'ERR_INVALID_ARGUMENT');
  });
});
