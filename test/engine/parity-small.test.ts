import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type Objective, pass } from '#lethe/engine/pass';
import type { Schedule } from '#lethe/engine/schedule';
import { expectClose, Fixture, TOLERANCE } from '../support/fixture.js';
import { range } from '../support/toy.js';

const fixture = new Fixture('small');
const labels = fixture.indices('labels');
const shape = { rows: 37, columns: 7, classes: 3, labels };
const { affine } = fixture;
const bytes = new Dataset({
  ...{ ...shape, affine },
  ...{ name: 'bytes', features: fixture.bytes('features') },
});
const floats = new Dataset({ ...shape, name: 'floats', features: fixture.floats('x_float') });
const newModel = () => Model.fromParameters(fixture.widths, fixture.vector());

const objectives: Objective[] = [
  { target: 'label' },
  { target: 'uniform' },
  { target: 'masked', removedClasses: [1] },
  { target: 'explicit', distributions: fixture.floats('explicit_target') },
];

describe.each([bytes, floats])('PyTorch on a small network, features as $name', (dataset) => {
  const rows = dataset.allRows();

  it('has the same inputs', () => {
    expectClose(dataset.normalized(rows), fixture.floats('x_float'), 'x_float');
  });

  it('gives the same logits and loss', async () => {
    const model = newModel();
    expectClose(await model.logits(dataset, rows), fixture.floats('logits'), 'logits');
    const { loss } = await model.evaluate(dataset, rows);
    expect(Math.abs(loss - fixture.number('loss.label'))).toBeLessThan(TOLERANCE);
  });

  it.each(objectives)(
    'gives the same loss and gradient for the target $target',
    async (objective) => {
      for (const batchSize of [37, 8]) {
        const plan = { rows, batchSize };
        const sink = { kind: 'gradient' } as const;
        const { values, epochLoss } = await pass(newModel(), dataset, plan, objective, sink);
        fixture.expectVector(values!, `gradient.${objective.target}.`);
        const expected = fixture.number(`loss.${objective.target}`);
        expect(Math.abs(epochLoss[0]! - expected)).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('scales the gradient by the weight, but not the loss', async () => {
    const run = (weight: number) =>
      pass(newModel(), dataset, { rows }, { target: 'label', weight }, { kind: 'gradient' });
    const [once, twiceBack] = [await run(1), await run(-2)];
    // A power of two, so that nothing is rounded.
    expect(twiceBack.values).toEqual(once.values!.map((value) => -2 * value));
    expect(twiceBack.epochLoss).toEqual(once.epochLoss);
  });

  it('gives the same Fisher diagonals', async () => {
    const model = newModel();
    const options = { batchSize: 8, samples: fixture.number('fisher.batch.fisher_samples') };
    const batch = await model.fisher(dataset, rows, { mode: 'batch', ...options });
    fixture.expectVector(batch, 'fisher.batch.');
    const first = range(0, fixture.number('fisher.perRow.rows'));
    for (const batchSize of [5, 128]) {
      const perRow = await model.fisher(dataset, first, { mode: 'perRow', batchSize });
      fixture.expectVector(perRow, 'fisher.perRow.');
    }
  });

  it.each(['momentum', 'nesterov'])('is at the same parameters after 20 %s steps', async (name) => {
    const model = newModel();
    const nesterov = name === 'nesterov';
    const { steps, epochLoss } = await pass(
      model,
      dataset,
      { rows, batchSize: fixture.number(`sgd.${name}.batch_size`), epochs: 4 },
      { target: 'label' },
      {
        kind: 'sgd',
        learningRate: fixture.number(`sgd.${name}.lr`),
        momentum: fixture.number(`sgd.${name}.momentum`),
        weightDecay: nesterov ? fixture.number(`sgd.${name}.weight_decay`) : 0,
        nesterov,
      },
    );
    expect(steps).toBe(fixture.number(`sgd.${name}.steps`));
    expect(epochLoss).toHaveLength(4);
    fixture.expectVector(model.parameters(), `sgd.${name}.`);
  });

  it('is at the same parameters after 20 steps on the hardest rows at a scheduled rate', async () => {
    const model = newModel();
    const number = (name: string) => fixture.number(`sgd.selective.${name}`);
    await pass(
      model,
      dataset,
      { rows, batchSize: number('batch_size'), epochs: 4, hardest: number('hardest') },
      { target: 'label' },
      {
        kind: 'sgd',
        learningRate: fixture.json<Schedule>('sgd.selective.knots'),
        momentum: number('momentum'),
        weightDecay: number('weight_decay'),
        nesterov: true,
      },
    );
    fixture.expectVector(model.parameters(), 'sgd.selective.');
  });

  it.each(['batch', 'perRow'])('is at the same parameters after 5 %s scrub steps', async (name) => {
    const model = newModel();
    const { steps } = await pass(
      model,
      dataset,
      { rows, batchSize: fixture.number(`scrub.${name}.batch_size`) },
      { target: 'uniform' },
      {
        kind: 'clampedFisher',
        fisher: fixture.vector(`fisher.${name}.`),
        learningRate: fixture.number(`scrub.${name}.lr`),
        alpha: fixture.number(`scrub.${name}.alpha`),
        clamp: fixture.number(`scrub.${name}.clamp`),
      },
    );
    expect(steps).toBe(fixture.number(`scrub.${name}.steps`));
    fixture.expectVector(model.parameters(), `scrub.${name}.`);
  });
});
