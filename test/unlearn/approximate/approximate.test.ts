import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { labelsWithOthers } from '#lethe/unlearn/approximate/random-label';
import { expectCode } from '../../support/errors.js';
import * as lethe from '../../support/everything.js';
import {
  accuracy,
  fineTune,
  gradientAscent,
  negGradPlus,
  scrub,
  ssd,
} from '../../support/everything.js';
import { Fixture } from '../../support/fixture.js';
import { range, TOY_WIDTHS, toyDataset } from '../../support/toy.js';

describe('the same steps in PyTorch give the same parameters', () => {
  const fixture = new Fixture('methods');
  const model = Model.fromParameters(fixture.widths, fixture.vector());
  const dataset = new Dataset({
    name: 'fixture',
    features: fixture.floats('x'),
    labels: fixture.indices('labels'),
    ...{ rows: 24, columns: 7, classes: 3, affine: { scale: 1, offset: 0 } },
  });
  const request = { model, dataset, forget: range(0, 8), retain: range(8, 24) };
  const whole = { batchSize: 64 };
  const three = { ...whole, epochs: 3, maxSteps: 3, momentum: 0.9, learningRate: 0.1 };

  it.each([
    ['fineTune', () => fineTune(request, three)],
    [
      'gradientAscent',
      () => gradientAscent(request, { ...three, learningRate: 0.05, momentum: 0 }),
    ],
    [
      'negGradPlus',
      () => negGradPlus(request, { ...three, forgetWeight: 0.3, retainPerEpoch: 16 }),
    ],
    [
      'scrub',
      () =>
        scrub(request, {
          ...whole,
          ...{ rounds: 2, ascents: 1, retainSteps: 2, forgetSteps: 2 },
          ...{ learningRate: 0.05, distillation: 0.4 },
        }),
    ],
    ['ssd', () => ssd(request, { selection: 1.2, dampening: 0.8 })],
  ])('%s', async (name, run) => {
    const result = await run();
    fixture.expectVector(result.model.parameters(), `${name}.`);
    expect(result.multiplyAdds).toBeGreaterThan(0);
    expect(model.parameters()).toEqual(fixture.vector());
  });
});

const dataset = toyDataset();
const forget = [...dataset.labels.keys()].filter((row) => dataset.labels[row] === 0);
const retain = [...dataset.labels.keys()].filter((row) => dataset.labels[row] !== 0);
const model = Model.create(TOY_WIDTHS, { seed: 1 });
await model.train(dataset, { epochs: 30, batchSize: 32, learningRate: 0.05 });
const request = { model, dataset, forget, retain };

const accuracyOn = async (of: Model, rows: readonly number[]) =>
  (await of.evaluate(dataset, rows)).accuracy;

async function divergence(a: Model, b: Model, rows: readonly number[]): Promise<number> {
  const predictions = async (of: Model) => ({ logits: await of.logits(dataset, rows), classes: 3 });
  return lethe.jensenShannon(await predictions(a), await predictions(b)).value!;
}

describe('ssd', () => {
  it('never makes a parameter larger', async () => {
    // A third of the rows is forgotten: F_forget is at most 3 F, so min(1e6 F / F_forget, 1) is 1.
    const selected = { selection: 1e-3, dampening: 1e6 };
    const { model: dampened } = await ssd(request, selected);
    expect(dampened.hash()).toBe(model.hash());
    const { model: stronger } = await ssd(request, { ...selected, dampening: 1e-3 });
    expect(stronger.hash()).not.toBe(model.hash());
  });
});

describe('random labels', () => {
  it('are other classes, evenly drawn, and unchanged for retain rows', () => {
    const counts = [0, 0, 0];
    const q = labelsWithOthers(dataset, dataset.rowSet(forget), 3, 1);
    for (const row of dataset.allRows()) {
      const own = q.subarray(3 * row, 3 * row + 3);
      expect([...own].sort()).toEqual([0, 0, 1]);
      if (dataset.labels[row] === 0) counts[own.indexOf(1)]!++;
      else expect(own[dataset.labels[row]!]).toBe(1);
    }
    expect(counts[0]).toBe(0);
    expect(Math.abs(counts[1]! - counts[2]!)).toBeLessThan(40);
  });

  it('are learnt, while retain rows are kept', async () => {
    const options = { epochs: 40, maxSteps: 400, batchSize: 32, learningRate: 0.05 };
    const { model: unlearnt } = await lethe.randomLabel(request, options);
    expect(await accuracyOn(unlearnt, forget)).toBeLessThan(20);
    expect(await accuracyOn(unlearnt, retain)).toBeGreaterThan(95);
  });

  it('need a second class', async () => {
    const one = new Dataset({
      name: 'one class',
      features: new Float32Array(12).fill(1),
      labels: new Uint32Array(4),
      ...{ rows: 4, columns: 3, classes: 1, affine: { scale: 1, offset: 0 } },
    });
    const only = { model: Model.create([3, 1]), dataset: one, forget: [0], retain: [1, 2] };
    await expectCode(() => lethe.randomLabel(only), 'ERR_INVALID_ARGUMENT');
  });
});

describe('salun', () => {
  it('changes only the salient parameters', async () => {
    const before = model.parameters();
    const { values: gradient } = await lethe.pass(
      model,
      dataset,
      { rows: forget },
      { target: 'label' },
      { kind: 'gradient' },
    );
    const { model: unlearnt } = await lethe.salun(request, { share: 0.25 });
    const after = unlearnt.parameters();
    const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
    const still = [...after.keys()].filter((i) => after[i] === before[i]);
    expect(changed.length).toBeGreaterThan(0.2 * after.length);
    expect(changed.length).toBeLessThan(0.26 * after.length);
    const magnitude = (i: number) => Math.abs(gradient![i]!);
    expect(Math.min(...changed.map(magnitude))).toBeGreaterThan(0);
    const threshold = [...gradient!.map(Math.abs)].sort((a, b) => b - a)[changed.length]!;
    expect(still.filter((i) => magnitude(i) > threshold).length).toBeLessThan(5);
  });

  it.each([0, 1.01, Number.NaN])('refuses %d as a share', async (share) => {
    await expectCode(() => lethe.salun(request, { share }), 'ERR_INVALID_ARGUMENT');
  });
});

describe('badTeacher', () => {
  it('moves forget rows towards an untrained network, and retain rows towards the model', async () => {
    const options = { seed: 3, epochs: 30, batchSize: 32, retainRows: 150 };
    const { model: unlearnt } = await lethe.badTeacher(request, options);
    const unknowing = Model.create(TOY_WIDTHS, { seed: 3 });
    expect(await divergence(unlearnt, unknowing, forget)).toBeLessThan(
      0.2 * (await divergence(model, unknowing, forget)),
    );
    expect(await accuracyOn(unlearnt, retain)).toBeGreaterThan(95);
  });
});

describe('fisherForget', () => {
  it('adds noise of the variance that it states', async () => {
    const [alpha, minimumFisher] = [1e-3, 1e-2];
    const wide = Model.create([12, 200, 3], { seed: 1 });
    const options = { alpha, minimumFisher, seed: 2, samples: 100 };
    const { model: noisy } = await lethe.fisherForget({ ...request, model: wide }, options);
    const again = await lethe.fisherForget({ ...request, model: wide }, options);
    expect(again.model.hash()).toBe(noisy.hash());
    // Samples the whole retain set, so that the Fisher diagonal behind the noise is known.
    const all = await lethe.fisherForget(
      { ...request, model: wide },
      { ...options, samples: 1_000_000 },
    );
    const fisher = await wide.fisher(dataset, retain, { mode: 'perRow' });
    const before = wide.parameters();
    const normal = all.model
      .parameters()
      .map((after, i) => (after - before[i]!) / Math.sqrt(alpha / (fisher[i]! + minimumFisher)));
    const mean = normal.reduce((a, b) => a + b) / normal.length;
    const variance = normal.reduce((sum, v) => sum + (v - mean) ** 2, 0) / normal.length;
    const within = normal.filter((v) => Math.abs(v) < 1).length / normal.length;
    // Four standard errors for 3,203 draws.
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(normal.length));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / normal.length));
    expect(Math.abs(within - 0.6827)).toBeLessThan(4 * Math.sqrt(0.217 / normal.length));
  });
});

describe('rowRemoval', () => {
  it('gives a forgotten class the same logit for every input, and does not change others', async () => {
    const { model: unlearnt } = await lethe.rowRemoval(request);
    const rows = range(0, 50);
    const [before, after] = [
      await model.logits(dataset, rows),
      await unlearnt.logits(dataset, rows),
    ];
    rows.forEach((row) => {
      expect([...after.subarray(3 * row, 3 * row + 3)]).toEqual([
        -20,
        ...before.subarray(3 * row + 1, 3 * row + 3),
      ]);
    });
    const zeros = dataset.labels.slice(0, 50).filter((label) => label === 0).length;
    const labels = dataset.labels.slice(0, 50);
    const { percent } = accuracy({ logits: after, classes: 3, labels })!;
    expect(percent).toBeCloseTo(100 - 2 * zeros, 9);
  });

  it('is refused if every class of the forget set has retain rows', async () => {
    const shared = { ...request, forget: forget.slice(1), retain: [...retain, forget[0]!] };
    await expectCode(() => lethe.rowRemoval(shared), 'ERR_INVALID_ARGUMENT');
    const aborted = { signal: AbortSignal.abort() };
    await expectCode(() => lethe.rowRemoval(request, aborted), 'ERR_ABORTED');
  });
});
