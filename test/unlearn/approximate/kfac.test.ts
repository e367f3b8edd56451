import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { kroneckerSolve } from '#lethe/engine/kronecker';
import { Model } from '#lethe/engine/model';
import { RowSet } from '#lethe/engine/row-set';
import { drawnLabels } from '#lethe/unlearn/steps/natural-gradient';
import { expectCode } from '../../support/errors.js';
import {
  type KfacOptions,
  kfac,
  pass,
  type UnlearningRequest as Request,
  trainModel,
} from '../../support/everything.js';
import { expectClose, Fixture } from '../../support/fixture.js';
import { range, TOY_WIDTHS, toyDataset } from '../../support/toy.js';

describe('PyTorch finds the same', () => {
  const fixture = new Fixture('methods');
  const model = Model.fromParameters(fixture.widths, fixture.vector());
  const datasetWith = (labels: string) =>
    new Dataset({
      name: 'fixture',
      features: fixture.floats('x'),
      labels: fixture.indices(labels),
      ...{ rows: 24, columns: 7, classes: 3, affine: { scale: 1, offset: 0 } },
    });

  it('in the Kronecker factors', async () => {
    const { values } = await pass(
      model,
      datasetWith('drawn'),
      { rows: range(8, 24), batchSize: 5 },
      { target: 'label' },
      { kind: 'kroneckerFactors' },
    );
    expectClose(values!, fixture.floats('factors'), 'factors');
  });

  it('when it solves with them', async () => {
    const { values: gradient } = await pass(
      model,
      datasetWith('labels'),
      { rows: range(0, 8) },
      { target: 'label' },
      { kind: 'gradient' },
    );
    const { widths } = model;
    const factors = fixture.floats('factors');
    const solution = await kroneckerSolve({ widths, factors, gradient: gradient!, damping: 0.1 });
    fixture.expectVector(solution, 'natural.');
  });
});

describe('the labels of the Fisher information', () => {
  it('are drawn by the predictions', () => {
    const rows = 4000;
    const logits = new Float32Array(3 * rows);
    for (let row = 0; row < rows; row++)
      logits.set([Math.log(2), Math.log(5), Math.log(3)], 3 * row);
    const chosen = RowSet.of(
      { name: 'drawn', rows: 2 * rows },
      Array.from({ length: rows }, (_, i) => 2 * i),
    );
    const drawn = drawnLabels(logits, chosen, 2 * rows, 3, 7);
    const counts = [0, 0, 0];
    for (let row = 0; row < 2 * rows; row++) {
      const own = [...drawn.subarray(3 * row, 3 * row + 3)];
      expect(own.reduce((a, b) => a + b)).toBe(row % 2 === 0 ? 1 : 0);
      if (row % 2 === 0) counts[own.indexOf(1)]!++;
    }
    // Four standard errors for this number of draws.
    const bound = 4 * Math.sqrt(0.25 / rows);
    for (const [label, share] of [0.2, 0.5, 0.3].entries()) {
      expect(Math.abs(counts[label]! / rows - share)).toBeLessThan(bound);
    }
  });
});

const dataset = toyDataset();
const ofClass = (label: number) => dataset.allRows().filter((row) => dataset.labels[row] === label);
const forget = ofClass(0);
const retain = dataset.allRows().filter((row) => dataset.labels[row] !== 0);
const model = Model.create(TOY_WIDTHS, { seed: 1 });
await model.train(dataset, { epochs: 30, batchSize: 32, learningRate: 0.05 });
const ofAClass = { model, dataset, forget, retain };
const ofAUser = { model, dataset, forget: range(0, 60), retain: range(60, dataset.rows) };
/** A repair that changes nothing. */
const still = { steps: 1, learningRate: 1e-30 } as const;

/** The range [from, to) of each layer's weights in the parameter vector. */
function weightRanges(widths: readonly number[]) {
  let offset = 0;
  return widths.slice(1).map((outputs, layer) => {
    const from = offset;
    offset += (widths[layer]! + 1) * outputs;
    return [from, offset - outputs] as const;
  });
}

async function movedBy(options: KfacOptions, request: Request = ofAUser): Promise<Float32Array> {
  const { model: after } = await kfac(request, { ...still, shrink: 1, ...options });
  const before = model.parameters();
  return after.parameters().map((value, i) => value - before[i]!);
}

describe('kfac', () => {
  it('forgets a class and keeps the others', async () => {
    const { model: unlearnt, steps, multiplyAdds } = await kfac(ofAClass, { steps: 60 });
    expect((await unlearnt.evaluate(dataset, forget)).accuracy).toBe(0);
    expect((await unlearnt.evaluate(dataset, retain)).accuracy).toBeGreaterThan(95);
    expect(steps).toBe(61);
    expect(multiplyAdds).toBeGreaterThan(0);
  });

  it("raises the loss of a user's rows more than that of others", async () => {
    const { model: unlearnt } = await kfac(ofAUser, { ...still, shrink: 1, scale: 0.05 });
    const rise = async (rows: Iterable<number>) =>
      (await unlearnt.evaluate(dataset, [...rows])).loss -
      (await model.evaluate(dataset, [...rows])).loss;
    expect(await rise(ofAUser.forget)).toBeGreaterThan(await rise(ofAUser.retain));
  });

  it('takes a step of the given scale, by default by the share of the rows', async () => {
    const once = await movedBy({ scale: 0.1 });
    const share = ofAUser.forget.length / ofAUser.retain.length;
    for (const [options, factor] of [
      [{ scale: 0.2 }, 2],
      [{}, 2.8 * share],
      [{ scale: 0 }, 0],
    ] as const) {
      const moved = await movedBy(options);
      const error = Math.max(...moved.map((value, i) => Math.abs(value - factor * once[i]!)));
      expect(error).toBeLessThan(1e-4 * Math.max(...once.map(Math.abs)));
    }
  });

  it('shrinks weights, for a class except in the first layer, and clears the class', async () => {
    const before = model.parameters();
    const weightsOf = weightRanges(TOY_WIDTHS);
    const shrunk = async (request: Request) =>
      (await kfac(request, { ...still, scale: 0, shrink: 0.5 })).model.parameters();
    const [user, class0] = [await shrunk(ofAUser), await shrunk(ofAClass)];
    const last = TOY_WIDTHS.length - 2;
    const [, firstBias] = weightsOf[0]!;
    before.forEach((value, i) => {
      const layer = weightsOf.findIndex(([from, to]) => i >= from && i < to);
      // The repair, at a rate of 0, moves the first layer's biases to its scaled columns and back.
      const digits = i >= firstBias && i < firstBias + TOY_WIDTHS[1]! ? 6 : 20;
      expect(user[i]).toBeCloseTo(layer >= 0 ? Math.fround(0.5 * value) : value, digits);
      const [from] = weightsOf[last]!;
      const isCleared = layer === last && i < from + TOY_WIDTHS[last]!;
      const isBiasOfClass = i === before.length - 3;
      const expected = layer > 0 ? Math.fround(0.5 * value) : value;
      expect(class0[i]).toBeCloseTo(isCleared ? 0 : isBiasOfClass ? -4 : expected, digits);
    });
  });

  it('keeps the others on columns of many scales', async () => {
    const features = dataset
      .normalized(dataset.allRows())
      .map((value, i) => 10 ** ((i % 5) - 2) * value);
    const { rows, columns, classes, labels } = dataset;
    const scaled = new Dataset({ name: 'scaled', rows, columns, classes, labels, features });
    const { model: original } = await trainModel(TOY_WIDTHS, scaled, { recipe: 'steady' });
    const request = {
      model: original,
      dataset: scaled,
      forget: ofAUser.forget,
      retain: ofAUser.retain,
    };
    const { model: unlearnt } = await kfac(request);
    expect((await unlearnt.evaluate(scaled, ofAUser.retain)).accuracy).toBeGreaterThan(95);
  });

  it('uses the recipe for a class only if one is forgotten', async () => {
    await expectCode(() => kfac(ofAUser, { recipe: 'class' }), 'ERR_INVALID_ARGUMENT');
    const moved = await movedBy({ recipe: 'rows', scale: 0.01 }, ofAClass);
    expect(moved.some((value) => value !== 0)).toBe(true);
  });

  it.each([
    { damping: 0 },
    { scale: -1 },
    { shrink: Number.NaN },
    { steps: 0 },
    { fisherRows: 0 },
    { gradientRows: 0.5 },
    { recipe: 'C6' as never },
  ])('does not take %o', async (options) => {
    await expectCode(() => kfac(ofAUser, options), 'ERR_INVALID_ARGUMENT');
  });

  it('gives the same bits for any number of threads', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map((threads) => kfac(ofAUser, { threads, seed: 4, steps: 3 })),
    );
    expect(one!.model.hash()).toBe(three!.model.hash());
  });
});
