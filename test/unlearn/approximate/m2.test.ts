import { beforeAll, describe, expect, it } from 'vitest';
import { loadMnist } from '#lethe/datasets/mnist';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { weightDistance } from '#lethe/metrics/weight-distance';
import { Fixture } from '../../support/fixture.js';

/**
 * In points of accuracy: at most 5 of the 10,000 test rows, or 2 of the 5,923 zeros, may differ.
 */
const POINTS = 0.05;

// Uses PyTorch's base model and batch order, so that every number of the study's M2 can be
// compared.
describe.skipIf(!process.env.MNIST_DIR)('M2 of the reference study on MNIST, from PyTorch', () => {
  const fixture = new Fixture('m2');
  const base = Model.fromParameters(fixture.widths, fixture.halfVector());
  let train: Dataset;
  let test: Dataset;

  beforeAll(async () => {
    const mnist = await loadMnist();
    train = new Dataset(mnist.train);
    test = new Dataset(mnist.test);
  });

  async function expectAccuracies(model: Model, name: string): Promise<void> {
    const forget = train.allRows().filter((row) => train.labels[row] === 0);
    const retain = train.allRows().filter((row) => train.labels[row] !== 0);
    for (const [set, dataset, rows] of [
      ['retain', train, retain],
      ['forget', train, forget],
      ['test', test, test.allRows()],
    ] as const) {
      const { accuracy } = await model.evaluate(dataset, rows);
      const expected = fixture.number(`${name}.${set}`);
      expect(Math.abs(accuracy - expected), `${name}, ${set}`).toBeLessThan(POINTS);
    }
  }

  it('finds the accuracies of the base model', () => expectAccuracies(base, 'base'));

  it('finds the accuracies and the weight distance of M2', async () => {
    const model = base.clone();
    const batchSize = fixture.number('scrub.batch_size');
    const fisher = await model.fisher(train, fixture.indices('fisher_order'), {
      mode: 'batch',
      samples: fixture.number('scrub.fisher_samples'),
      batchSize,
    });
    const { steps } = await pass(
      model,
      train,
      { rows: fixture.indices('scrub_order'), batchSize, maxSteps: 50 },
      { target: 'uniform' },
      {
        kind: 'clampedFisher',
        fisher,
        learningRate: fixture.number('scrub.lr'),
        alpha: fixture.number('scrub.alpha'),
        clamp: fixture.number('scrub.clamp'),
      },
    );
    expect(steps).toBe(fixture.number('scrub.steps'));
    await expectAccuracies(model, 'm2');
    const ratio = weightDistance(model, base) / fixture.number('m2.weightDistance');
    expect(Math.abs(ratio - 1)).toBeLessThan(1e-3);
  });
});
