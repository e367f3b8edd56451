import { afterEach, describe, expect, it, vi } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { Evaluation } from '#lethe/engine/evaluation';
import { Model } from '#lethe/engine/model';
import type { RowSet, Rows } from '#lethe/engine/row-set';
import { trainModel } from '#lethe/training/train-model';
import { garbled, range, toyData } from '../support/toy.js';

const WIDTHS = [12, 64, 3];
const SMALL = { seed: 7, steps: 1 };

interface Look {
  readonly model: Model;
  readonly dataset: Dataset;
  readonly positions: readonly number[];
}

/**
 * What trainModel looks at, one after the other, each time to be told another accuracy: of the three
 * attempts, then of the plain recipe. The goal is the thin network's own, far above 50 on toy rows.
 */
function accuraciesOf(...accuracies: number[]): Look[] {
  const looks: Look[] = [];
  vi.spyOn(Model.prototype, 'evaluate').mockImplementation(async function (
    this: Model,
    dataset: Dataset,
    rows: Rows,
  ) {
    const accuracy = accuracies[looks.length]!;
    looks.push({ model: this, dataset, positions: [...(rows as RowSet)] });
    return { accuracy } as Evaluation;
  });
  return looks;
}

afterEach(() => {
  vi.restoreAllMocks();
});

const data = toyData({ rows: 2400 });
const dataset = new Dataset(data);

/** The largest difference between the logits of a model and of another one of other features. */
async function difference(model: Model, { model: other, dataset: projected }: Look) {
  const [ours, theirs] = await Promise.all([
    model.logits(dataset, dataset.allRows()),
    other.logits(projected, projected.allRows()),
  ]);
  return Math.max(...ours.map((logit, i) => Math.abs(logit - theirs[i]!)));
}

describe('where every attempt is worse than a thin network', () => {
  const THIN = 'worse than a thin network';
  const ATTEMPTS = [
    // Of 2,400 rows a fifth, and a fifth of the others; then all, for twice the steps; then five epochs.
    '1 x 12-64-3, 1 steps of 8 rows, each pass the 480 hardest rows and 384 others',
    `${THIN}: longer, on all rows`,
    '1 x 12-64-3, 2 steps of 8 rows',
    `${THIN}: longer, on all rows`,
    '1 x 12-64-3, 1500 steps of 8 rows',
    `${THIN}: the plain recipe`,
  ];
  const BEST = 'which is worse still: the best of the networks before';

  it('the plain recipe is taken if it is better', async () => {
    const looks = accuraciesOf(20, 30, 25, 31);
    const { model, reasons, steps } = await trainModel(WIDTHS, dataset, SMALL);
    expect(reasons).toEqual(ATTEMPTS);
    expect(model).toBe(looks[3]!.model);
    const plain = Model.create(WIDTHS, { seed: 7 });
    const run = await plain.train(dataset, { seed: 7, epochs: 5 });
    expect(model.hash()).toBe(plain.hash());
    expect(steps).toBe(1 + 2 + 1500 + run.steps);
  });

  it('the plain recipe is taken if it is as good', async () => {
    const looks = accuraciesOf(20, 30, 25, 30);
    const { model, reasons } = await trainModel(WIDTHS, dataset, SMALL);
    expect(reasons).toEqual(ATTEMPTS);
    expect(model).toBe(looks[3]!.model);
  });

  it.each([
    ['first', [40, 30, 25, 35]],
    ['second', [20, 30, 25, 28]],
    ['third', [20, 25, 30, 28]],
  ])('the %s attempt is taken if it was the best of all', async (_, accuracies) => {
    const looks = accuraciesOf(...accuracies);
    const { model, reasons } = await trainModel(WIDTHS, dataset, SMALL);
    expect(reasons).toEqual([...ATTEMPTS, BEST]);
    vi.restoreAllMocks();
    const best = accuracies.indexOf(Math.max(...accuracies));
    for (const [attempt, look] of looks.slice(0, 3).entries()) {
      // The projection folded in, rounding apart: logits of about 1 and more.
      if (attempt === best) expect(await difference(model, look)).toBeLessThan(1e-3);
      else expect(await difference(model, look)).toBeGreaterThan(0.02);
    }
  });
});

describe('what the attempts are judged on', () => {
  it.each([
    [1200, 600],
    [2000, 1000],
    [2400, 1000],
  ])('of %i rows is a sample of %i', async (rows, sampled) => {
    const looks = accuraciesOf(20, 30, 25, 28);
    const retain = range(2400 - rows, 2400);
    await trainModel(WIDTHS, dataset, { ...SMALL, rows: retain });
    const [first, , , plain] = looks;
    for (const { dataset: projected, positions } of looks.slice(0, 3)) {
      expect(projected.rows).toBe(rows);
      expect(positions).toEqual(first!.positions);
    }
    expect(new Set(first!.positions).size).toBe(sampled);
    // The same rows of the whole data set, none of which is outside those to train on.
    expect(plain!.dataset).toBe(dataset);
    expect(plain!.positions).toEqual(first!.positions.map((position) => retain[position]));
  });

  it('does not depend on other rows, whatever is in them', async () => {
    const rows = range(1200, 2400);
    const hash = async (of: Dataset) => {
      accuraciesOf(20, 30, 25, 28);
      return (await trainModel(WIDTHS, of, { ...SMALL, rows })).model.hash();
    };
    expect(await hash(garbled(data, range(0, 1200)))).toBe(await hash(dataset));
  });
});

describe('the fast recipe', () => {
  it('is taken from 32 hidden units on', async () => {
    const { reasons } = await trainModel([12, 32, 3], dataset, SMALL);
    expect(reasons[0]).toContain('1 x 12-32-3');
    const { reasons: below } = await trainModel([12, 31, 3], dataset, SMALL);
    expect(below).toEqual(['under 32 hidden units: the plain recipe']);
  });

  it('is taken from 1,000 rows on', async () => {
    const of = async (rows: number) =>
      (await trainModel(WIDTHS, dataset, { ...SMALL, rows: range(0, rows) })).reasons[0];
    expect(await of(1000)).toContain('1 x 12-64-3');
    expect(await of(999)).toBe('under 1000 rows: the plain recipe');
  });
});
