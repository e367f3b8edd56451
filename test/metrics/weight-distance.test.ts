import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { parameterDistance, weightDistance } from '#lethe/metrics/weight-distance';
import { expectCode, wrong } from '../support/errors.js';
import { ENDLESS, TOY_WIDTHS, toyDataset } from '../support/toy.js';

const model = (...parameters: number[]) =>
  Model.fromParameters([2, 1, 2], Float32Array.from(parameters));

describe('the weight distance', () => {
  it('is the sum over the tensors of the norms, not the norm of all differences', () => {
    const zero = model(0, 0, 0, 0, 0, 0, 0);
    // W1 [1, 2], b1, W2 [2, 1], b2 give 5 + 2 + 13 + 10; the norm of the whole difference would be
    // 17.3.
    const other = model(3, -4, 2, -5, 12, 6, -8);
    expect(weightDistance(zero, other)).toBe(5 + 2 + 13 + 10);
    expect(weightDistance(other, zero)).toBe(30);
    expect(parameterDistance(zero, other)).toBeCloseTo(Math.hypot(3, 4, 2, 5, 12, 6, 8), 12);
  });

  it('counts only the parts that differ', () => {
    const one = model(1, 2, 3, 4, 5, 6, 7);
    expect(weightDistance(one, one.clone())).toBe(0);
    expect(weightDistance(one, model(1, 2, 3, 4, 5, 6, 7.5))).toBe(0.5);
    expect(weightDistance(one, model(1, 2, 1, 4, 5, 6, 7))).toBe(2);
  });

  it('is computed in float64, so that squares beyond float32 do not overflow', () => {
    const zero = model(0, 0, 0, 0, 0, 0, 0);
    expect(weightDistance(zero, model(2 ** 100, 0, 0, 0, 0, 0, 2 ** -100))).toBe(2 ** 100);
    expect(weightDistance(zero, model(2 ** -100, 0, 0, 0, 0, 0, 0))).toBe(2 ** -100);
  });

  it('needs two models of the same widths', async () => {
    const one = model(1, 2, 3, 4, 5, 6, 7);
    // Both have the same numbers of parameters and layers.
    const other = Model.fromParameters([1, 2, 1], new Float32Array(7));
    await expectCode(() => weightDistance(one, other), 'ERR_INVALID_ARGUMENT');
    for (const value of [null, undefined, 5, { widths: one.widths }]) {
      await expectCode(() => weightDistance(one, wrong(value)), 'ERR_INVALID_ARGUMENT');
      await expectCode(() => weightDistance(wrong(value), one), 'ERR_INVALID_ARGUMENT');
    }
  });

  it('is refused while one of the models is being changed', async () => {
    const [still, busy] = [Model.create(TOY_WIDTHS), Model.create(TOY_WIDTHS)];
    const controller = new AbortController();
    const run = busy.train(toyDataset(), { ...ENDLESS, signal: controller.signal });
    await expectCode(() => weightDistance(still, busy), 'ERR_BUSY');
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
    expect(weightDistance(still, busy)).toBe(0);
  });
});
