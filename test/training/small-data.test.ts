import { describe, expect, it } from 'vitest';
import { PhiloxPurpose, PhiloxStream } from '#lethe/base/philox';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { range } from '../support/toy.js';

/** Owners of seven rows each, as of a small table of flowers. */
const WIDTHS = [4, 32, 3];
const MEANS = [
  [-1, 0.9, -1.3, -1.25],
  [0.1, -0.65, 0.3, 0.15],
  [0.9, -0.2, 1, 1.1],
];

/** Three kinds of flowers, of which the second and the third touch each other. */
function flowers(rows: number, seed: number): Dataset {
  const stream = new PhiloxStream(seed, PhiloxPurpose.recipeSample);
  // About normal: a sum of six uniform numbers.
  const normal = () => Math.SQRT2 * (range(0, 6).reduce((sum) => sum + stream.uniform(), 0) - 3);
  const labels = Uint32Array.from({ length: rows }, (_, row) => row % 3);
  const features = Float32Array.from({ length: 4 * rows }, (_, i) => {
    const label = labels[Math.floor(i / 4)]!;
    return MEANS[label]![i % 4]! + (i % 4 === 1 ? 0.8 : 0.35) * normal();
  });
  return new Dataset({ name: 'flowers', rows, columns: 4, classes: 3, features, labels });
}

const train = flowers(105, 1);
const test = flowers(450, 2);
const owners = Uint32Array.from({ length: 105 }, (_, row) => Math.floor(row / 7));
const rowsOf = (is: (owner: number) => boolean) => range(0, 105).filter((row) => is(owners[row]!));

const accuracyOf = async (model: Pick<Model, 'evaluate'>) =>
  (await model.evaluate(test, test.allRows())).accuracy;

/** Model.train with enough steps: 1,400. */
async function wellTrained(seed: number, rows = range(0, 105)): Promise<Model> {
  const model = Model.create(WIDTHS, { seed });
  const epochs = Math.ceil(1400 / Math.ceil(rows.length / 16));
  await model.train(train, { rows, seed, epochs, batchSize: 16, learningRate: 0.05 });
  return model;
}

describe.each([1, 2, 3])('on 105 rows, with seed %i,', (seed) => {
  const good = wellTrained(seed);

  it('a well trained model is good', async () => {
    expect(await accuracyOf(await good)).toBeGreaterThan(90);
  });

  it.each([{}, { recipe: 'steady' }, { recipe: 'fast' }] as const)(
    'trainModel with %j is as good to within 5 points',
    async (options) => {
      const { model } = await trainModel(WIDTHS, train, { seed, ...options });
      expect(await accuracyOf(model)).toBeGreaterThan((await accuracyOf(await good)) - 5);
    },
  );

  it('exactRetrain without an owner is as good to within 5 points', async () => {
    const request = { forget: rowsOf((o) => o === 3), retain: rowsOf((o) => o !== 3) };
    for (const recipe of ['recorded', 'choose'] as const) {
      const { model, quality, originalQuality } = await exactRetrain(
        { model: await good, dataset: train, ...request },
        { seed, recipe },
      );
      expect(await accuracyOf(model)).toBeGreaterThan((await accuracyOf(await good)) - 5);
      expect(quality.accuracy).toBeGreaterThan(originalQuality.accuracy - 5);
    }
  });

  it('every shard of Sisa is as good to within 5 points, and so are they together', async () => {
    const sisa = await Sisa.train(WIDTHS, train, { owners, shards: 3, seed });
    const { sisa: after } = await sisa.forget(train, { owners: [3] });
    const expected = await accuracyOf(await good);
    for (const { ensemble, shards } of [sisa, after]) {
      expect(await accuracyOf(ensemble)).toBeGreaterThan(expected - 5);
      for (const [i, { model }] of ensemble.members.entries()) {
        const alone = await wellTrained(seed, [...shards[i]!.slices[0]!.rows]);
        expect(await accuracyOf(model)).toBeGreaterThan((await accuracyOf(alone)) - 5);
      }
    }
  });
});
