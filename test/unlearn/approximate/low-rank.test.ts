import { describe, expect, it } from 'vitest';
import { Stopwatch } from '#lethe/base/stopwatch';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { forgetClasses } from '#lethe/unlearn/steps/forget-classes';
import { refitHead } from '#lethe/unlearn/steps/head';
import { naturalGradient } from '#lethe/unlearn/steps/natural-gradient';
import { expectCode } from '../../support/errors.js';
import { lowRank, pass, type UnlearningProgress } from '../../support/everything.js';
import { Fixture } from '../../support/fixture.js';
import { garbled, range, TOY_WIDTHS, toyData, toyDataset } from '../../support/toy.js';

const dataset = toyDataset();
const rowsWhere = (isWanted: (label: number) => boolean) =>
  dataset.allRows().filter((row) => isWanted(dataset.labels[row]!));
const model = Model.create(TOY_WIDTHS, { seed: 1 });
await model.train(dataset, { epochs: 30, batchSize: 32, learningRate: 0.05 });
const ofAClass = {
  ...{ model, dataset },
  forget: rowsWhere((label) => label === 0),
  retain: rowsWhere((label) => label !== 0),
};
const ofAUser = { model, dataset, forget: range(0, 60), retain: range(60, dataset.rows) };
/** A repair that changes nothing. */
const still = { steps: 1, learningRate: 1e-30 } as const;

describe('a new last layer', () => {
  it('is the one that PyTorch trains', async () => {
    const fixture = new Fixture('methods');
    const data = new Dataset({
      name: 'fixture',
      features: fixture.floats('x'),
      labels: fixture.indices('labels'),
      ...{ rows: 24, columns: 7, classes: 3 },
    });
    const original = Model.fromParameters(fixture.widths, fixture.vector());
    const rows = data.rowSet(range(8, 24));
    const { model: refitted } = await refitHead(original, data, rows, { classes: [2], seed: 0 });
    fixture.expectVector(refitted.parameters(), 'head.');
  });
});

describe('the step for a class', () => {
  const options = { classes: [0], damping: 0.1, seed: 3 };

  it('goes up the loss of the forget rows as far as the divergence allows', async () => {
    const { forget, retain } = ofAClass;
    const { gradient: direction } = await naturalGradient(
      model,
      dataset,
      { rows: forget, rowWeights: new Float32Array(dataset.rows).fill(1), fisherRows: retain },
      options,
    );
    const { values: gradient } = await pass(
      ...([model, dataset, { rows: forget }, { target: 'label' }, { kind: 'gradient' }] as const),
    );
    const squared = direction.reduce((sum, value, i) => sum + value * gradient![i]!, 0);
    const before = model.parameters();
    for (const divergence of [0, 0.02, 0.5]) {
      const stepped = await forgetClasses(
        model,
        dataset,
        { forget, retain },
        { ...options, divergence },
        new Stopwatch(),
      );
      const scale = Math.sqrt((2 * divergence) / squared);
      const after = stepped.model.parameters();
      // The last layer is replaced.
      for (let i = 0; i < before.length - 27; i++) {
        expect(after[i]).toBeCloseTo(before[i]! + scale * direction[i]!, 5);
      }
    }
  });
});

describe('lowRank', () => {
  it('forgets a class and keeps the others', async () => {
    const phases = new Set<string>();
    const onProgress = ({ phase }: UnlearningProgress) => phases.add(phase);
    const result = await lowRank(ofAClass, { steps: 60, onProgress });
    expect((await result.model.evaluate(dataset, ofAClass.forget)).accuracy).toBe(0);
    expect((await result.model.evaluate(dataset, ofAClass.retain)).accuracy).toBeGreaterThan(95);
    expect(result.steps).toBe(61);
    expect(Object.keys(result.seconds)).toEqual(['project', 'fisher', 'head', 'train']);
    expect([...phases]).toEqual(expect.arrayContaining(['project', 'train']));
  });

  it('for rows, leaves the model unchanged with all components, no shrinking and no steps', async () => {
    const { model: same } = await lowRank(ofAUser, { ...still, components: 16, shrink: 1 });
    const rows = dataset.allRows();
    const [before, after] = [await model.logits(dataset, rows), await same.logits(dataset, rows)];
    before.forEach((value, i) => {
      expect(after[i]).toBeCloseTo(value, 3);
    });
  });

  it('for rows, multiplies the weights of all layers above the first', async () => {
    const { model: shrunk } = await lowRank(ofAUser, { ...still, shrink: 0.5 });
    const above = (of: Model) => of.parameters().subarray(13 * 16);
    const [before, after] = [above(model), above(shrunk)];
    const isBias = (i: number) => (i >= 128 && i < 136) || i >= 160;
    before.forEach((value, i) => {
      expect(after[i]).toBe(isBias(i) ? value : Math.fround(0.5 * value));
    });
  });

  it('for rows, shrinks the less the fewer are forgotten', async () => {
    const weightAt = 13 * 16;
    const before = model.parameters()[weightAt]!;
    for (const [forgotten, factor] of [
      [60, 0.9 - 0.14 * (60 / 240)],
      [140, 0.8],
    ] as const) {
      const request = { ...ofAUser, forget: range(0, forgotten), retain: range(forgotten, 300) };
      const { model: shrunk } = await lowRank(request, still);
      expect(shrunk.parameters()[weightAt]).toBe(Math.fround(factor * before));
    }
  });

  it('visits a share of the retain rows, in at least 50 steps', async () => {
    const stepsOf = async (request: typeof ofAClass | typeof ofAUser, batchSize: number) =>
      (await lowRank(request, { batchSize })).steps;
    expect(await stepsOf(ofAUser, 1)).toBe(64); // 0.265 of 240
    expect(await stepsOf(ofAUser, 128)).toBe(50);
    expect(await stepsOf(ofAClass, 128)).toBe(51);
  });

  it('does not read the features of forget rows for rows, but for a class', async () => {
    const hashes = async (request: typeof ofAClass | typeof ofAUser, recipe: 'class' | 'rows') => {
      const other = garbled(toyData(), [...request.forget]);
      const labels = dataset.labels;
      const sameLabels = new Dataset({
        ...toyData(),
        features: other.normalized(other.allRows()),
        affine: { scale: 1, offset: 0 },
        ...{ labels },
      });
      const asFloats = new Dataset({
        ...toyData(),
        features: dataset.normalized(dataset.allRows()),
        affine: { scale: 1, offset: 0 },
      });
      const runs = [asFloats, sameLabels].map((data) =>
        lowRank(
          { model, dataset: data, forget: [...request.forget], retain: [...request.retain] },
          { recipe, steps: 3 },
        ),
      );
      return (await Promise.all(runs)).map(({ model: after }) => after.hash());
    };
    const [own, garbage] = await hashes(ofAUser, 'rows');
    expect(garbage).toBe(own);
    const [ownOfClass, garbageOfClass] = await hashes(ofAClass, 'class');
    expect(garbageOfClass).not.toBe(ownOfClass);
  });

  it('counts its multiply-adds', async () => {
    const { multiplyAdds } = await lowRank(ofAUser, { components: 2, steps: 3, batchSize: 10 });
    const training = 3 * (2 * 16 + 16 * 8 + 8 * 3) - 2 * 16;
    // Maps 240 rows from 12 inputs to 2 components, which are fitted to 240 rows of 16 hidden
    // units.
    const principal = 5 * 240 * 16 * 12 + (240 + 16) * 12 ** 2 + 4 * 16 * 12 ** 2 + 6 * 12 ** 3;
    const first = 240 * 12 * 16 + principal + 2 * 16 * 12;
    expect(multiplyAdds).toBe(first + 240 * 12 * 2 + 3 * 10 * training + 16 * 12 * 2);
  });

  it('uses the recipe for a class only if one is forgotten', async () => {
    await expectCode(() => lowRank(ofAUser, { recipe: 'class' }), 'ERR_INVALID_ARGUMENT');
    expect((await lowRank(ofAClass, { recipe: 'rows', steps: 2 })).steps).toBe(2);
  });

  it.each([
    { components: 0 },
    { components: 119 },
    { damping: 0 },
    { divergence: -1 },
    { shrink: Number.NaN },
    { steps: 0 },
    { batchSize: 0 },
    { seed: -1 },
    { recipe: 'R4' as never },
  ])('does not take %o', async (options) => {
    await expectCode(() => lowRank(ofAUser, options), 'ERR_INVALID_ARGUMENT');
  });

  it.each([
    ['a class', ofAClass],
    ['rows', ofAUser],
  ])('of %s, ends in the same bits whatever the threads', async (_, request) => {
    const [one, two, other] = await Promise.all(
      [{ threads: 1 }, { threads: 2 }, { seed: 5 }].map((options) =>
        lowRank(request, { seed: 4, steps: 3, ...options }),
      ),
    );
    expect(one!.model.hash()).toBe(two!.model.hash());
    expect(other!.model.hash()).not.toBe(two!.model.hash());
  });
});
