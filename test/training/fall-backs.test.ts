import { afterEach, describe, expect, it, vi } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { checkFast } from '#lethe/training/fast/check';
import { fastSample } from '#lethe/training/fast/fast';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { garbled, range, toyData } from '../support/toy.js';

/** The check passes: rows that are worth it are too many for most tests. */
vi.mock(import('#lethe/training/fast/check'), async (original) => {
  const actual = await original();
  return { ...actual, checkFast: vi.fn(actual.checkFast) };
});
const passes = () =>
  vi.mocked(checkFast).mockResolvedValue({ passes: true, reason: 'told so', multiplyAdds: 1000 });

afterEach(() => {
  vi.mocked(checkFast).mockReset();
});

const WIDTHS = [12, 64, 3];
const data = toyData({ rows: 2400 });
const dataset = new Dataset(data);
const INSTEAD = 'the recipe steady instead';

const steadily = (of: Dataset, options: TrainModelOptions = {}, widths = WIDTHS) =>
  trainModel(widths, of, { seed: 7, ...options, recipe: 'steady' });
const quickly = (of: Dataset, options: TrainModelOptions = {}, widths = WIDTHS) =>
  trainModel(widths, of, { seed: 7, ...options, recipe: 'fast' });

describe('the recipe fast falls back on steady', () => {
  it.each<[string, TrainModelOptions, RegExp]>([
    // A rate so low that nothing is learnt in a step; the thin network is always right.
    ['worse than a thin network', { steps: 1, learningRate: 1e-9 }, /^worse than a thin network$/],
    ['diverged', { learningRate: 1e9 }, /^diverged$/],
  ])('where it is %s', async (_, options, reason) => {
    const { model, reasons, steps, multiplyAdds, recipe } = await quickly(dataset, options);
    const expected = await steadily(dataset);
    expect(model.hash()).toBe(expected.model.hash());
    const at = reasons.indexOf(INSTEAD);
    expect(reasons[at - 1]).toMatch(reason);
    expect(reasons.slice(at + 1)).toEqual(expected.reasons);
    // Networks that are thrown away are paid for, but no part of the model.
    expect(steps).toBe(expected.steps);
    expect(multiplyAdds).toBeGreaterThan(expected.multiplyAdds);
    expect(recipe).toEqual({ name: 'fast', ...options });
    expect(model.recipe).toEqual(recipe);
  });

  it('where values are too far apart to project', async () => {
    // Of a column that hardly varies, the third, one value that is out of range as soon as it is
    // scaled as in the other rows; as it is, it is within it.
    const features = Float32Array.from(data.features, (byte, i) =>
      i % 12 === 3 ? byte / 64_000 : byte / 64,
    );
    const sample = new Set(fastSample(2400, 7));
    features[12 * range(0, 2400).find((row) => !sample.has(row))! + 3] = 2e38;
    const { affine: _, ...rest } = data;
    const apart = new Dataset({ ...rest, features });
    const { model, reasons } = await quickly(apart);
    expect(reasons).toContain('values too far apart to project');
    const expected = await steadily(apart);
    expect(model.hash()).toBe(expected.model.hash());
    expect(expected.quality.accuracy).toBeGreaterThan(99);
  });

  it('where no feature varies', async () => {
    const constant = new Dataset({ ...data, features: new Uint8Array(2400 * 12).fill(7) });
    const { model, reasons } = await quickly(constant);
    expect(reasons.slice(0, 2)).toEqual(['no feature varies enough to project', INSTEAD]);
    expect(model.hash()).toBe((await steadily(constant)).model.hash());
  });

  it.each([
    [999, WIDTHS, 'under 1000 rows'],
    [1200, [12, 31, 3], 'under 32 hidden units'],
    [1200, [12, 3], 'under 32 hidden units'],
  ])('with %i rows and widths %j', async (count, widths, reason) => {
    const rows = range(0, count);
    const { model, reasons } = await quickly(dataset, { rows }, widths);
    expect(reasons.slice(0, 2)).toEqual([reason, INSTEAD]);
    expect(model.hash()).toBe((await steadily(dataset, { rows }, widths)).model.hash());
  });

  it('from 1,000 rows and 32 hidden units on it does not', async () => {
    const { reasons } = await quickly(dataset, { rows: range(0, 1000) }, [12, 32, 3]);
    expect(reasons[0]).toMatch(/^1 x 12-32-3, 150 steps of 8 rows, each pass/);
    expect(reasons).not.toContain(INSTEAD);
  });

  it('whatever is in other rows', async () => {
    const rows = range(1200, 2400);
    const options = { rows, steps: 1, learningRate: 1e-9 };
    const [a, b] = await Promise.all(
      [dataset, garbled(data, range(0, 1200))].map((of) => quickly(of, options)),
    );
    expect(a!.reasons).toContain(INSTEAD);
    expect(b!.model.hash()).toBe(a!.model.hash());
  });
});

describe('a model that records no recipe', () => {
  const forget = range(0, 100);
  const retain = range(100, 2400);
  const retrained = (of: Dataset) =>
    exactRetrain({ model: Model.create(WIDTHS), dataset: of, forget, retain }, { seed: 7 });

  it('is retrained by the recipe fast where its check passes', async () => {
    passes();
    const { model, reasons, recipe } = await retrained(dataset);
    const expected = await quickly(dataset, { rows: retain });
    expect(reasons).toEqual(['the recipe fast: told so', ...expected.reasons]);
    expect(model.hash()).toBe(expected.model.hash());
    expect(recipe).toEqual({ name: 'fast' });
    expect(model.recipe).toBeUndefined();
  });

  it('is retrained by steady where the fast one learns too little after all', async () => {
    passes();
    // A tenth of the labels are wrong, in no order that could be learnt.
    const labels = data.labels.map((label, row) =>
      (Math.imul(row + 1, 0x9e3779b1) >>> 11) % 10 === 0 ? (label + 1) % 3 : label,
    );
    const noisy = new Dataset({ ...data, labels });
    const { model, reasons, recipe, steps, multiplyAdds } = await retrained(noisy);
    const expected = await steadily(noisy, { rows: retain });
    const fast = await quickly(noisy, { rows: retain });
    expect(model.hash()).toBe(expected.model.hash());
    const at = reasons.indexOf(INSTEAD);
    expect(reasons[at - 1]).toMatch(/^(8|9)\d\.\d % of a sample are right, less than 97 %$/);
    expect(recipe).toEqual({ name: 'steady' });
    expect(steps).toBe(expected.steps);
    // Both trainings and the check; the sample on which quality is reported, 1,000 rows, once for
    // each of the trainings, and once more for the original model.
    expect(multiplyAdds).toBe(1000 + expected.multiplyAdds + fast.multiplyAdds);
  });

  it('is retrained by steady where the check does not pass', async () => {
    vi.mocked(checkFast).mockResolvedValue({ passes: false, reason: 'no', multiplyAdds: 5 });
    const { model, reasons, recipe } = await retrained(dataset);
    const expected = await steadily(dataset, { rows: retain });
    expect(reasons).toEqual(['not the recipe fast: no', INSTEAD, ...expected.reasons]);
    expect(model.hash()).toBe(expected.model.hash());
    expect(recipe).toEqual({ name: 'steady' });
  });
});
