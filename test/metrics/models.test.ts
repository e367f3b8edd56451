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

  /** Replayed with nothing but Model.train. */
  const accuracyAfter = async (steps: number, beside: object = {}) => {
    const trained = model.clone();
    if (steps > 0) {
      const training = { rows: forget, epochs: 100, maxSteps: steps, ...beside };
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

  it('finds the step itself, wherever it lies between two powers of two', async () => {
    const curve: number[] = [];
    while (curve.length === 0 || curve.at(-1)! < 100) {
      curve.push(await accuracyAfter(curve.length));
    }
    expect(curve.length).toBeGreaterThan(8);
    const goals = [...new Set(curve)].filter((accuracy) => accuracy > curve[0]!);
    for (const goal of goals) {
      const { value } = await relearnSteps(model, dataset, { ...options, goal });
      expect(curve[value!]).toBeGreaterThanOrEqual(goal);
      expect(curve[value! - 1]).toBeLessThan(goal);
    }
  });

  it('takes none where the goal is reached already', async () => {
    const reached = { ...options, goal: 1e-9 };
    expect((await relearnSteps(model, dataset, reached)).value).toBe(0);
  });

  it('visits other rows beside them', async () => {
    // Every batch holds fewer forget rows: the way back takes other steps.
    const { value: alone } = await relearnSteps(model, dataset, { ...options, goal: 95 });
    const otherRows = range(60, 300);
    const { value } = await relearnSteps(model, dataset, { ...options, goal: 95, otherRows });
    expect(value).not.toBe(alone);
    // As many of them as there are forget rows in every epoch.
    const sampling = { sampledRows: otherRows, samplesPerEpoch: 60 };
    expect(await accuracyAfter(value!, sampling)).toBeGreaterThanOrEqual(95);
    expect(await accuracyAfter(value! - 1, sampling)).toBeLessThan(95);
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
