// Jest runs a test in a realm of its own, whose typed arrays are not the addon's.

import { Dataset, devices, Model, Sisa } from 'lethe';
import { syntheticDigits } from 'lethe/datasets';
import { hiddenActivations } from 'lethe/engine';
import { fineTune, fisherScrub } from 'lethe/methods';

test('computes in Jest', async () => {
  expect(devices().cpu).toMatch(/^cpu /);
  const dataset = new Dataset(syntheticDigits({ trainRows: 64, testRows: 8 }).train);
  const model = Model.create([dataset.columns, 4, dataset.classes], { seed: 1 });
  await model.train(dataset, { epochs: 1 });
  const copy = Model.fromParameters(model.widths, model.parameters());
  expect(copy.hash()).toBe(model.hash());
});

test('forgets in Jest', async () => {
  const dataset = new Dataset(syntheticDigits({ trainRows: 64, testRows: 8 }).train);
  const model = Model.create([dataset.columns, 4, dataset.classes], { seed: 1 });
  const rows = Array.from({ length: dataset.rows }, (_, row) => row);
  const request = { model, dataset, forget: rows.slice(0, 8), retain: rows.slice(8) };
  for (const method of [fineTune, fisherScrub]) {
    const { model: forgotten } = await method(request);
    expect(forgotten.hash()).not.toBe(model.hash());
  }
  const owners = Uint32Array.from(rows, (row) => row % 4);
  const sisa = await Sisa.train(model.widths, dataset, { owners, shards: 2 });
  await sisa.forget(dataset, { owners: Uint32Array.of(1) });
  expect((await hiddenActivations(model, dataset, rows)).values.length).toBe(64 * 4);
});
