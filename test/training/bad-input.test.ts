import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import type { Quality } from '#lethe/training/quality';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { expectCode } from '../support/errors.js';
import { range } from '../support/toy.js';

/** Reproducible numbers in [-0.5, 0.5). */
const noise = (i: number) => Math.imul(i + 1, 0x9e3779b1) / 2 ** 32;

type Feature = (row: number, column: number, label: number) => number;

function datasetOf(
  [rows, columns, classes]: readonly [number, number, number],
  feature: Feature,
  labelOf = (row: number) => (row * 7) % classes,
): Dataset {
  const labels = Uint32Array.from({ length: rows }, (_, row) => labelOf(row));
  const features = Float32Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns);
    return feature(row, i % columns, labels[row]!);
  });
  return new Dataset({ name: 'odd', rows, columns, classes, labels, features });
}

/** Every third column tells one of three classes. */
const usual: Feature = (row, column, label) =>
  (column % 3 === label % 3 ? 1 : 0) + noise(70 * row + column);
const MANY = [1200, 70, 3] as const;
const FEW = [150, 12, 3] as const;

/** Odd rows, and the accuracy in percent that a result must reach. */
const ODD: [string, Dataset, number][] = [
  ['constant columns', datasetOf(MANY, (r, c, l) => (c < 30 ? 5 : usual(r, c, l))), 99],
  ['duplicated columns', datasetOf(MANY, (r, c, l) => usual(r, c - (c % 6 < 3 ? 0 : 3), l)), 99],
  ['columns of 1e-30 and 1e30', datasetOf(MANY, apart), 99],
  ['few rows with columns of 1e-30 and 1e30', datasetOf(FEW, apart), 99],
  ['values near the end of float32', datasetOf(MANY, (r, c, l) => 1e38 * usual(r, c, l)), 30],
  ['values that are subnormal', datasetOf(FEW, (r, c, l) => 1e-40 * usual(r, c, l)), 30],
  [
    'one value of 1e30',
    datasetOf(MANY, (r, c, l) => (r === 77 && c < 1 ? 1e30 : usual(r, c, l))),
    99,
  ],
  ['one class', datasetOf([1200, 70, 1], usual), 100],
  ['one row', datasetOf([1, 12, 3], usual), 100],
  ['two rows', datasetOf([2, 12, 3], usual), 50],
  ['more classes than rows', datasetOf([30, 12, 50], usual, (row) => row), 30],
  [
    'only zeros',
    datasetOf(
      MANY,
      () => 0,
      (row) => Number(row % 5 > 0),
    ),
    // Four fifths of the rows, of a sample of 500 a little more or less.
    75,
  ],
  // In a tenth of the rows one of 1,200 is likely not, nor two of three classes in 20.
  ['a class of one row', datasetOf(MANY, usual, (row) => (row === 600 ? 2 : row % 2)), 99],
  ['few rows with a class of one', datasetOf(FEW, usual, (row) => (row === 90 ? 2 : row % 2)), 99],
];

function apart(row: number, column: number, label: number): number {
  return usual(row, column, label) * (column % 2 ? 1e30 : 1e-30);
}

function expectSensible(model: Pick<Model, 'parameters'>, quality: Quality, least: number): void {
  expect(model.parameters().every(Number.isFinite)).toBe(true);
  expect(quality.accuracy).toBeGreaterThanOrEqual(least);
  for (const value of Object.values(quality)) {
    expect(Number.isFinite(value) && value >= 0).toBe(true);
  }
}

const RECIPES: TrainModelOptions[] = [{}, { recipe: 'steady' }, { recipe: 'fast' }];

describe.each(ODD)('%s', (_name, dataset, least) => {
  const widths = [dataset.columns, 40, dataset.classes];

  it.each(RECIPES)('give a sensible model with %j', async (options) => {
    const { model, quality, reasons } = await trainModel(widths, dataset, options);
    expectSensible(model, quality, least);
    const { accuracy, mostFrequentClass } = quality;
    const isUseless = accuracy <= mostFrequentClass && mostFrequentClass < 100;
    expect(reasons.some((reason) => reason.startsWith('no better than'))).toBe(isUseless);
    const logits = await model.logits(dataset, dataset.allRows());
    expect(logits.every(Number.isFinite)).toBe(true);
  });

  it('give one with the recipe plain, or it says that it diverged', async () => {
    const outcome = await trainModel(widths, dataset, { recipe: 'plain' }).catch((error) => error);
    if (outcome instanceof LetheError) expect(outcome.code).toBe('ERR_DIVERGED');
    else expectSensible(outcome.model, outcome.quality, 0);
  });

  it.skipIf(dataset.rows < 3)('are retrained without a row, and by Sisa', async () => {
    const rows = dataset.allRows();
    const request = { dataset, forget: [0], retain: rows.slice(1) };
    // Of small parameters, because many of these features are too large for any other.
    const count = Model.create(widths).parameters().length;
    const original = Model.fromParameters(widths, new Float32Array(count));
    for (const recipe of ['recorded', 'choose'] as const) {
      const result = await exactRetrain({ model: original, ...request }, { recipe });
      expectSensible(result.model, result.quality, least - 10);
    }
    const owners = Uint32Array.from(rows, (row) => row % 3);
    const sisa = await Sisa.train(widths, dataset, { owners, shards: 2 });
    for (const { model } of sisa.ensemble.members) {
      expect(model.parameters().every(Number.isFinite)).toBe(true);
    }
    expect(Number.isFinite((await sisa.ensemble.evaluate(dataset, rows)).accuracy)).toBe(true);
  });
});

describe('what is no number', () => {
  it.each([Number.NaN, Infinity, -Infinity, 1e39])('%d is refused in a data set', async (value) => {
    const call = () => datasetOf(FEW, (r, c, l) => (r === 5 && c === 3 ? value : usual(r, c, l)));
    const { message } = await expectCode(call, 'ERR_INVALID_ARGUMENT');
    expect(message).toContain('row 5, column 3');
  });
});

describe('a value at the end of float32', () => {
  it.each([1e36, 3e38])(
    '%d in one row gives a sensible model, or says that it diverged',
    async (value) => {
      const dataset = datasetOf(MANY, (r, c, l) => (r === 77 && c === 2 ? value : usual(r, c, l)));
      for (const options of RECIPES) {
        const outcome = await trainModel([70, 40, 3], dataset, options).catch((error) => error);
        if (outcome instanceof LetheError) expect(outcome.code).toBe('ERR_DIVERGED');
        else expectSensible(outcome.model, outcome.quality, 99);
      }
    },
  );
});

describe('owners', () => {
  const dataset = datasetOf([240, 12, 3], usual);
  it.each<[string, Uint32Array, number]>([
    ['one with all rows', new Uint32Array(240), 0],
    ['one for each row', Uint32Array.from(range(0, 240)), 24],
    [
      'one with all rows but few',
      Uint32Array.from(range(0, 240), (row) => (row < 23 ? row : 99)),
      23,
    ],
    ['of any number', Uint32Array.from(range(0, 240), (row) => 0xffffffff - (row % 12)), 20],
  ])('are held out as a whole: %s', async (_name, owners, heldOut) => {
    const { choice, model, quality } = await trainModel([12, 16, 3], dataset, { owners });
    expect(choice!.validationRows).toBe(heldOut);
    expectSensible(model, quality, 99);
  });
});
