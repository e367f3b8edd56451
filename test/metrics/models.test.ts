import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { relearnSteps } from '#lethe/metrics/relearn';
import { expectCode } from '../support/errors.js';
import { range, TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset();
const model = Model.create(TOY_WIDTHS, { seed: 3 });
const forget = range(0, 60);

describe('relearning', () => {
  const sgd = { learningRate: 0.05, momentum: 0.9, batchSize: 16, seed: 4 };
  const options = { ...sgd, forget, goal: 60 };

  const accuracyAfter = async (steps: number) => {
    const trained = model.clone();
    if (steps > 0) {
      const training = { rows: forget, epochs: 100, maxSteps: steps };
      await trained.train(dataset, { ...sgd, ...training });
    }
    return (await trained.evaluate(dataset, forget)).accuracy;
  };

  it('takes the number of steps after which the goal is reached, and not one fewer', async () => {
    const { value } = await relearnSteps(model, dataset, options);
    expect(value).toBeGreaterThan(1);
    expect(await accuracyAfter(value!)).toBeGreaterThanOrEqual(60);
    expect(await accuracyAfter(value! - 1)).toBeLessThan(60);
  });

  it('takes no step if the goal is already reached', async () => {
    const reached = { ...options, goal: 1e-9 };
    expect((await relearnSteps(model, dataset, reached)).value).toBe(0);
  });

  it('visits other rows too', async () => {
    const otherRows = range(60, 300);
    expect((await relearnSteps(model, dataset, { ...options, otherRows })).value).toBeGreaterThan(
      0,
    );
  });

  it('is undefined if the goal is not reached', async () => {
    const never = { ...options, goal: 101, maxSteps: 20 };
    expect(await relearnSteps(model, dataset, never)).toEqual({
      reason: 'not reached in 20 steps',
    });
  });

  it('leaves the model as it is, and refuses an empty set', async () => {
    const before = model.hash();
    await relearnSteps(model, dataset, options);
    expect(model.hash()).toBe(before);
    const empty = () => relearnSteps(model, dataset, { ...options, forget: [] });
    await expectCode(empty, 'ERR_EMPTY_SET');
  });
});
