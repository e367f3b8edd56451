import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { expectCode, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset();

describe('a model', () => {
  it('starts with every W and b uniform in +-1/sqrt(inputs)', () => {
    const inputs = 400;
    const values = Model.create([inputs, 500], { seed: 3 }).parameters();
    const bound = 1 / Math.sqrt(inputs);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    expect(values.length).toBe((inputs + 1) * 500);
    expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
    // Five standard errors of 200,500 draws; the seed is fixed.
    expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * values.length));
    expect(variance).toBeCloseTo(bound ** 2 / 3, 5);
  });

  it('depends only on its seed', () => {
    const hash = (seed: number) => Model.create(TOY_WIDTHS, { seed }).hash();
    expect(hash(7)).toBe(hash(7));
    expect(hash(0)).toBe(Model.create(TOY_WIDTHS).hash());
    // A seed with more than 32 bits.
    expect(new Set([0, 1, 2 ** 32, 2 ** 53 - 1].map(hash)).size).toBe(4);
  });

  it('has the hash as documented', () => {
    const model = Model.create([3, 2, 2], { seed: 1 });
    const bytes = Buffer.alloc(4 * (3 * 2 + 2 + 2 * 2 + 2));
    for (const [i, value] of model.parameters().entries()) bytes.writeFloatLE(value, 4 * i);
    const text = Buffer.from('lethe parameters 1\n3-2-2\n');
    const expected = createHash('sha256')
      .update(Buffer.concat([text, bytes]))
      .digest('hex');
    expect(model.hash()).toBe(expected);
  });

  it('keeps every bit of given parameters', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 9, maxLength: 9 }), (values) => {
        const given = Float32Array.from(values);
        const kept = Model.fromParameters([2, 3], given).parameters();
        // Compares bytes, so that -0 and subnormal numbers are not lost unnoticed.
        expect(Buffer.from(kept.buffer)).toEqual(Buffer.from(given.buffer));
      }),
    );
  });

  it('does not share its parameters', async () => {
    const given = Model.create(TOY_WIDTHS, { seed: 1 }).parameters();
    const model = Model.fromParameters(TOY_WIDTHS, given);
    const before = model.hash();
    const clone = model.clone();
    given.fill(1);
    model.parameters().fill(2);
    expect(model.hash()).toBe(before);

    await clone.train(dataset, { epochs: 1 });
    expect(clone.hash()).not.toBe(before);
    expect(model.hash()).toBe(before);
  });

  it('learns', async () => {
    const model = Model.create(TOY_WIDTHS, { seed: 1 });
    const before = await model.evaluate(dataset, dataset.allRows());
    const { epochLoss, steps, seconds } = await model.train(dataset, {
      epochs: 10,
      batchSize: 64,
      learningRate: 0.05,
    });
    const after = await model.evaluate(dataset, dataset.allRows());
    expect(steps).toBe(10 * Math.ceil(300 / 64));
    expect(epochLoss).toHaveLength(10);
    expect(epochLoss.at(-1)).toBeLessThan(epochLoss[0]! / 2);
    expect(seconds).toBeGreaterThan(0);
    expect(before.accuracy).toBeLessThan(70);
    expect(after).toMatchObject({ rows: 300, correct: 300, accuracy: 100 });
    expect(after.loss).toBeLessThan(before.loss / 2);
  });

  it('predicts the lowest class among equal logits', async () => {
    const model = Model.fromParameters([12, 3], new Float32Array(39));
    const { correct, loss } = await model.evaluate(dataset, dataset.allRows());
    expect(correct).toBe(dataset.labels.filter((label) => label === 0).length);
    expect(loss).toBeCloseTo(Math.log(3), 12);
  });

  it('trains only on the given rows, in an order that depends on the seed', async () => {
    const hash = async (options: object) => {
      const model = Model.create(TOY_WIDTHS, { seed: 1 });
      await model.train(dataset, { epochs: 2, batchSize: 32, ...options });
      return model.hash();
    };
    const rows = dataset.allRows();
    expect(await hash({ rows, seed: 0 })).toBe(await hash({}));
    expect(await hash({ rows: [...rows], seed: 0 })).toBe(await hash({}));
    expect(await hash({ seed: 1 })).not.toBe(await hash({}));
    expect(await hash({ rows: rows.slice(0, 299) })).not.toBe(await hash({}));
  });
});

describe('an impossible model', () => {
  it.each<[string, unknown]>([
    ['no widths', []],
    ['one width', [3]],
    ['a zero', [3, 0, 2]],
    ['a negative width', [3, -1]],
    ['a fraction', [3, 2.5]],
    ['not a number', [3, Number.NaN]],
    ['text', [3, '2']],
    ['a big integer', [3, 2n]],
    ['a hole', [3, undefined]],
    ['more than 32 bits', [3, 2 ** 32]],
    ['more than a layer may have', [3, 2 ** 20 + 1]],
    ['more parameters than can be', [2 ** 20, 2 ** 20, 2 ** 20]],
    ['a string', '784'],
    ['a number', 784],
    ['null', null],
    ['nothing', undefined],
    ['an object', { length: 2 }],
  ])('is refused: %s', async (_, widths) => {
    await expectCode(() => Model.create(wrong(widths)), 'ERR_INVALID_ARGUMENT');
    await expectCode(
      () => Model.fromParameters(wrong(widths), new Float32Array(8)),
      'ERR_INVALID_ARGUMENT',
    );
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53, '1', null, 1n])('is refused: seed %s', async (seed) => {
    await expectCode(() => Model.create([3, 2], { seed: wrong(seed) }), 'ERR_INVALID_ARGUMENT');
  });

  it.each([null, 'seed', 5])('is refused: options %s', async (options) => {
    await expectCode(() => Model.create([3, 2], wrong(options)), 'ERR_INVALID_ARGUMENT');
  });

  it.each<[string, unknown]>([
    ['too few', new Float32Array(7)],
    ['too many', new Float32Array(9)],
    ['not a number', new Float32Array(8).fill(Number.NaN, 7)],
    ['infinite', new Float32Array(8).fill(-Infinity, 7)],
    ['of float64', new Float64Array(8)],
    ['of bytes', new Uint8Array(8)],
    ['an array', Array(8).fill(0)],
    ['a buffer', new ArrayBuffer(32)],
    ['nothing', undefined],
    ['null', null],
  ])('is refused: parameters that are %s', async (_, parameters) => {
    await expectCode(() => Model.fromParameters([3, 2], wrong(parameters)), 'ERR_INVALID_ARGUMENT');
  });
});
