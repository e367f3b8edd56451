import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { fisherScrub } from '#lethe/unlearn/approximate/fisher-scrub';
import { expectCode, wrong } from '../../support/errors.js';
import { range, TOY_WIDTHS, toyDataset } from '../../support/toy.js';

const dataset = toyDataset();
const forget = [...dataset.allRows()].filter((row) => dataset.labels[row] === 0);
const retain = [...dataset.allRows()].filter((row) => dataset.labels[row] !== 0);
const model = Model.create(TOY_WIDTHS, { seed: 1 });
await model.train(dataset, { epochs: 10, batchSize: 64, learningRate: 0.05 });
const before = model.hash();
const request = { model, dataset, forget, retain };

describe('fisherScrub', () => {
  it.each(['paper', 'perRow'] as const)('takes the documented steps: %s', async (mode) => {
    const numbers = { alpha: 0.01, learningRate: 0.3, clamp: 0.02 };
    const options = { mode, fisherSamples: 60, batchSize: 32, maxSteps: 3, seed: 5, ...numbers };
    const result = await fisherScrub(request, options);

    const expected = model.clone();
    const fisher = await expected.fisher(dataset, retain, {
      mode: mode === 'paper' ? 'batch' : 'perRow',
      // Rounded up to whole batches: 60 rows become the 64 of the first two.
      samples: 64,
      batchSize: 32,
      seed: 5,
    });
    await pass(
      expected,
      dataset,
      { rows: forget, batchSize: 32, maxSteps: 3, shuffleSeed: 5 },
      { target: 'uniform' },
      { kind: 'clampedFisher', fisher, ...numbers },
    );
    expect(result.model.hash()).toBe(expected.hash());
    expect(result.steps).toBe(3);
    expect(Object.keys(result.seconds)).toEqual(['fisher', 'scrub']);
    expect(model.hash()).toBe(before);
  });

  it('has the settings of the reference study', async () => {
    const hash = async (options?: object) => (await fisherScrub(request, options)).model.hash();
    const study = { mode: 'paper', fisherSamples: 1000, batchSize: 128, maxSteps: 50 };
    const numbers = { alpha: 0.5, learningRate: 0.02, clamp: 0.05, seed: 0 };
    expect(await hash({ ...study, ...numbers })).toBe(await hash());
  });

  it('reads the forget set once, at most maxSteps batches of it', async () => {
    const steps = async (options: object) =>
      (await fisherScrub(request, { batchSize: 8, ...options })).steps;
    expect(await steps({})).toBe(Math.ceil(forget.length / 8));
    expect(await steps({ maxSteps: 4 })).toBe(4);
    expect(await steps({ batchSize: 1 })).toBe(50);
  });

  it('never moves a parameter by more than the clamp in a step', async () => {
    const clamp = 1e-3;
    const options = { learningRate: 1e6, clamp, maxSteps: 1 };
    const changed = (await fisherScrub(request, options)).model.parameters();
    const moves = model.parameters().map((value, i) => Math.abs(changed[i]! - value));
    // Allows for rounding in the subtraction: below 4, float32 numbers are at most 2^-22 apart.
    expect(Math.max(...moves)).toBeLessThan(clamp + 2 ** -22);
    expect(moves.filter((move) => move > clamp / 2).length).toBeGreaterThan(moves.length / 4);
  });

  it('forgets', async () => {
    const scrubbed = await fisherScrub(request, { batchSize: 8, learningRate: 0.2 });
    const loss = async (of: Model) => (await of.evaluate(dataset, forget)).loss;
    // The cross-entropy of uniform predictions is ln 3.
    expect(await loss(model)).toBeLessThan(0.2);
    expect(await loss(scrubbed.model)).toBeGreaterThan(0.5);
  });

  it.each<[string, unknown[]]>([
    ['mode', ['batch', '', null, 5]],
    ['fisherSamples', [0, 1.5, Number.NaN, '9', null]],
    ['alpha', [0, -1, Number.NaN, Infinity, '1', null]],
    ['learningRate', [0, -1, Number.NaN, Infinity, '1', null]],
    ['clamp', [0, -1, Number.NaN, Infinity, '1', null]],
    ['batchSize', [0, 1.5, Number.NaN, '9', null]],
    ['maxSteps', [0, 1.5, Number.NaN, '9', null]],
    ['seed', [-1, 1.5, Number.NaN, '9', null]],
    ['threads', [0, 1.5, Number.NaN, '9', null]],
  ])('refuses a wrong %s', async (name, values) => {
    for (const value of values) {
      await expectCode(
        () => fisherScrub(request, wrong({ [name]: value })),
        'ERR_INVALID_ARGUMENT',
      );
    }
    expect(model.hash()).toBe(before);
  });

  it('can be aborted, also in its second phase', async () => {
    const controller = new AbortController();
    const phases = new Set<string>();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phases.add(phase).size === 2) controller.abort();
    };
    const run = fisherScrub(request, { onProgress, signal: controller.signal });
    await expectCode(() => run, 'ERR_ABORTED');
    expect([...phases]).toEqual(['fisher', 'scrub']);
    expect(model.hash()).toBe(before);
  });

  it('does not read rows that are in neither set', async () => {
    const [first, second] = await Promise.all(
      [toyDataset(), toyDataset({ rows: 310 })].map((of) =>
        fisherScrub({ model, dataset: of, forget: range(0, 50), retain: range(60, 200) }),
      ),
    );
    expect(first!.model.hash()).toBe(second!.model.hash());
  });
});
