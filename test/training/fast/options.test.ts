import { describe, expect, it } from 'vitest';
import { fastRecipe } from '#lethe/training/fast/options';
import { partOf } from '#lethe/training/one-cycle';
import { expectCode, wrong } from '../../support/errors.js';

const MNIST = [784, 512, 128, 10];

describe('the automatic rules', () => {
  it.each([
    [
      MNIST,
      [
        [128, 32],
        [128, 32],
        [128, 32],
        [128, 32],
      ],
    ],
    [
      [784, 515, 10],
      [[129], [129], [129], [128]],
    ],
    [
      [784, 128, 64, 10],
      [
        [64, 32],
        [64, 32],
      ],
    ],
    [[784, 512, 6, 10], [[512, 6]]],
    [[784, 100, 10], [[100]]],
  ])('part the hidden units of %j', (widths, hidden) => {
    expect(fastRecipe(widths, 50_000, {}).hidden).toEqual(hidden);
  });

  it.each([
    [54_000, 64, 422],
    [36_000, 64, 281],
    [13_000, 32, 203],
    // Each of the four networks makes half of them a visit: exactly 200 steps of 64, and just under.
    [25_600, 64, 200],
    [25_599, 32, 400],
    [5_000, 8, 313],
    [1_000, 8, 150],
  ])('choose batch and steps for %i rows', (rows, batchSize, steps) => {
    expect(fastRecipe(MNIST, rows, {})).toMatchObject({ batchSize, steps });
  });

  it('choose more steps and fewer components for a small network', () => {
    const recipe = fastRecipe([784, 64, 10], 36_000, {});
    expect(recipe).toMatchObject({ steps: 563, mostComponents: 32 });
  });

  it('choose more steps for more effort, with the same batch size', () => {
    const recipe = (effort: number) => fastRecipe(MNIST, 13_000, { effort });
    expect(recipe(3)).toMatchObject({ batchSize: 32, steps: 609 });
    expect(recipe(1e-9).steps).toBe(1);
    expect(fastRecipe(MNIST, 13_000, { effort: 3, steps: 7 }).steps).toBe(7);
  });

  it('are overridden by options', () => {
    const options = { nets: 3, steps: 7, batchSize: 5, hardestShare: 0, sampledShare: 1 };
    const { nets: _, ...given } = options;
    const recipe = fastRecipe(MNIST, 36_000, { ...options, components: false });
    expect(recipe).toMatchObject({ ...given, components: false });
    expect(recipe.hidden).toEqual([
      [171, 43],
      [171, 43],
      [170, 42],
    ]);
  });
});

describe('bad options', () => {
  it.each([
    { components: 0 },
    { components: 101 },
    { components: true },
    { nets: 0 },
    { effort: 0 },
    { nets: 65 },
    { nets: 1.5 },
    { hardestShare: 1 },
    { hardestShare: -0.1 },
    { sampledShare: 0 },
    { sampledShare: 1.1 },
    { steps: 0 },
    { batchSize: 0 },
    { learningRate: 0 },
    { learningRate: Number.NaN },
  ])('%j are refused', async (options) => {
    await expectCode(() => fastRecipe(MNIST, 5000, wrong(options)), 'ERR_INVALID_ARGUMENT');
  });
});

describe('a part of a schedule', () => {
  it('has the values of the whole', () => {
    const schedule = [
      [0, 0],
      [0.1, 1],
      [1, 0],
    ] as const;
    expect(partOf(schedule, 0, 1)).toEqual(schedule);
    const [first, knot, last] = partOf(schedule, 0.05, 0.55);
    expect(first).toEqual([0, 0.5]);
    expect(knot![0]).toBeCloseTo(0.1);
    expect(knot![1]).toBe(1);
    expect(last![1]).toBeCloseTo(0.5);
    expect(partOf(schedule, 0.1, 1)).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});
