import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { expectClose, Fixture, TOLERANCE } from '../support/fixture.js';
import { hashedParameters, hashedPixels } from '../support/hashed.js';
import { range } from '../support/toy.js';

const ROWS = 256;
const BATCH = 128;

const fixture = new Fixture('real');
const pixels = hashedPixels(ROWS, 784);
const dataset = new Dataset({
  name: 'hashed',
  rows: ROWS,
  columns: 784,
  classes: 10,
  features: pixels,
  affine: fixture.affine,
  labels: fixture.indices('labels'),
});
const rows = dataset.allRows();
const firstBatch = range(0, BATCH);
const initial = hashedParameters(fixture.widths);
const newModel = () => Model.fromParameters(fixture.widths, initial);

describe('PyTorch on the shape of the reference study', () => {
  it('starts from the same pixels and parameters', () => {
    expect(pixels.reduce((a, b) => a + b)).toBe(fixture.number('pixels.sum'));
    expect(pixels.filter((pixel) => pixel > 0)).toHaveLength(fixture.number('pixels.nonzero'));
    for (const [name, values] of fixture.split(initial)) {
      fixture.expectSums(values, `initial.${name}`);
    }
  });

  it('gives the same logits and loss', async () => {
    const model = newModel();
    expectClose(await model.logits(dataset, rows), fixture.floats('logits'), 'logits');
    const { loss } = await model.evaluate(dataset, firstBatch);
    expect(Math.abs(loss - fixture.number('loss.label'))).toBeLessThan(TOLERANCE);
  });

  it('gives the same gradient', async () => {
    const sink = { kind: 'gradient' } as const;
    const { values, epochLoss } = await pass(
      newModel(),
      dataset,
      { rows: firstBatch },
      { target: 'label' },
      sink,
    );
    fixture.expectStridedVector(values!, 'gradient.label');
    expect(Math.abs(epochLoss[0]! - fixture.number('loss.label'))).toBeLessThan(TOLERANCE);
  });

  it('gives the same Fisher diagonals', async () => {
    const model = newModel();
    const samples = fixture.number('fisher.batch.fisher_samples');
    const batch = await model.fisher(dataset, rows, { mode: 'batch', samples, batchSize: BATCH });
    fixture.expectStridedVector(batch, 'fisher.batch');
    const perRow = await model.fisher(dataset, firstBatch, { mode: 'perRow' });
    fixture.expectStridedVector(perRow, 'fisher.perRow');
  });

  it('is at the same parameters after 20 SGD steps', async () => {
    const model = newModel();
    const { steps } = await pass(
      model,
      dataset,
      { rows, batchSize: BATCH, epochs: 10 },
      { target: 'label' },
      {
        kind: 'sgd',
        learningRate: fixture.number('sgd.momentum.lr'),
        momentum: fixture.number('sgd.momentum.momentum'),
        weightDecay: 0,
        nesterov: false,
      },
    );
    expect(steps).toBe(fixture.number('sgd.momentum.steps'));
    fixture.expectStridedVector(model.parameters(), 'sgd.momentum');
  });

  it('is at the same parameters after 5 scrub steps', async () => {
    const model = newModel();
    // Uses the engine's Fisher diagonal, tested above, because the fixture stores only a part of
    // it.
    const samples = fixture.number('fisher.batch.fisher_samples');
    const fisher = await model.fisher(dataset, rows, { mode: 'batch', samples, batchSize: BATCH });
    await pass(
      model,
      dataset,
      { rows, batchSize: BATCH, epochs: 3, maxSteps: fixture.number('scrub.batch.steps') },
      { target: 'uniform' },
      {
        kind: 'clampedFisher',
        fisher,
        learningRate: fixture.number('scrub.batch.lr'),
        alpha: fixture.number('scrub.batch.alpha'),
        clamp: fixture.number('scrub.batch.clamp'),
      },
    );
    fixture.expectStridedVector(model.parameters(), 'scrub.batch');
  });
});
