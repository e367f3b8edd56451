import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NativeAddon, NativePass } from '#lethe/engine/native';
import * as methods from '#lethe/unlearn/index';
import { expectCode, failure, wrong } from '../support/errors.js';
import * as lethe from '../support/everything.js';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

/** The addon object that the engine calls. */
const addon = createRequire(import.meta.url)('../../build/Release/lethe.node') as NativeAddon;
const { available } = lethe.devices().cuda;

const dataset = toyDataset({ rows: 60 });
const rows = dataset.allRows();
const model = lethe.Model.create(TOY_WIDTHS);
await model.train(dataset);
const someRows = { model, dataset, forget: rows.slice(0, 9), retain: rows.slice(9) };
const isForgotten = (row: number) => dataset.labels[row] === 0;
const aClass = {
  ...{ model, dataset, forget: rows.filter(isForgotten) },
  retain: rows.filter((row) => !isForgotten(row)),
};
const owners = Uint32Array.from(rows, (row) => row % 8);
const plainSisa = await lethe.Sisa.train(TOY_WIDTHS, dataset, { owners, recipe: 'plain' });
/** Rows of which some can be held out. */
const more = toyDataset({ rows: 240 });
/** Rows that the recipe fast is made for. */
const wide = toyDataset({ rows: 1100, columns: 72 });
const ensemble = new lethe.Ensemble([
  { model, weight: 1 },
  { model: lethe.Model.create(TOY_WIDTHS, { seed: 2 }), weight: 1 },
]);
const activations = {
  ...{ values: Float32Array.of(1, 2, 4, 3), units: 2 },
  labels: Uint32Array.of(0, 1),
};
const jobs = (count: number) =>
  Array.from({ length: count }, (_, seed) => ({
    ...{ model: lethe.Model.create(TOY_WIDTHS, { seed }), dataset, seed, epochs: 1 },
  }));

type Compute = Pick<lethe.RunOptions, 'device' | 'precision' | 'threads'>;
type Request = lethe.UnlearningRequest;
type Method = (request: Request, options: Compute) => Promise<{ model: lethe.Model }>;

const method = (forget: Method, request: Request) => async (options: Compute) =>
  (await forget(request, options)).model.hash();

/** Everything that runs passes over data, with results for comparison. */
const PASSING: Record<string, (options: Compute) => Promise<unknown>> = {
  'Model.train': async (options) => {
    const fresh = model.clone();
    const { epochLoss } = await fresh.train(dataset, options);
    return [epochLoss, fresh.hash()];
  },
  'Model.fisher': (options) => model.fisher(dataset, rows, { mode: 'perRow', ...options }),
  'Model.logits': (options) => model.logits(dataset, rows, options),
  'Model.evaluate': (options) => model.evaluate(dataset, rows, options),
  'Ensemble.logits': (options) => ensemble.logits(dataset, rows, options),
  'Ensemble.evaluate': (options) => ensemble.evaluate(dataset, rows, options),
  pass: (options) =>
    lethe.pass(model, dataset, { rows }, { target: 'label' }, { kind: 'gradient' }, options),
  trainMany: async (options) => {
    const trained = jobs(3);
    await lethe.trainMany(trained, options);
    return trained.map((job) => job.model.hash());
  },
  'trainModel, fast': async (options) =>
    (await lethe.trainModel([72, 40, 3], wide, { recipe: 'fast', ...options })).model.hash(),
  'trainModel, steady': async (options) =>
    (await lethe.trainModel(TOY_WIDTHS, dataset, { recipe: 'steady', ...options })).model.hash(),
  'trainModel, auto': async (options) =>
    (await lethe.trainModel(TOY_WIDTHS, more, options)).model.hash(),
  'trainModel, plain': async (options) =>
    (await lethe.trainModel(TOY_WIDTHS, dataset, { recipe: 'plain', ...options })).model.hash(),
  'Sisa.train': async (options) =>
    (await lethe.Sisa.train(TOY_WIDTHS, dataset, { owners, ...options })).ensemble.hash(),
  'Sisa.train, slices': async (options) => {
    const plain = { owners, recipe: 'plain', shards: 2, slices: 2 } as const;
    return (await lethe.Sisa.train(TOY_WIDTHS, dataset, { ...plain, ...options })).ensemble.hash();
  },
  'Sisa.forget': async (options) =>
    (await plainSisa.forget(dataset, [0], options)).sisa.ensemble.hash(),
  hiddenActivations: (options) => lethe.hiddenActivations(model, dataset, rows, options),
  linearProbe: (options) => lethe.linearProbe(activations, activations, options),
  relearnSteps: (options) =>
    lethe.relearnSteps(model, dataset, {
      ...{ forget: [0, 1], goal: 100, learningRate: 0.01, maxSteps: 4 },
      ...options,
    }),
  verify: (options) => lethe.verify(model, [{ name: 'all', dataset, rows }], options),
  amnesiac: method(lethe.amnesiac, someRows),
  badTeacher: method(lethe.badTeacher, someRows),
  exactRetrain: method(lethe.exactRetrain, someRows),
  fineTune: method(lethe.fineTune, someRows),
  fisherForget: method(lethe.fisherForget, someRows),
  fisherScrub: method(lethe.fisherScrub, someRows),
  gradientAscent: method(lethe.gradientAscent, someRows),
  kfac: method(lethe.kfac, someRows),
  'kfac, a class': method(lethe.kfac, aClass),
  lowRank: method(lethe.lowRank, someRows),
  'lowRank, a class': method(lethe.lowRank, aClass),
  negGradPlus: method(lethe.negGradPlus, someRows),
  randomLabel: method(lethe.randomLabel, someRows),
  retrain: method(lethe.retrain, someRows),
  salun: method(lethe.salun, someRows),
  scrub: method(lethe.scrub, someRows),
  ssd: method(lethe.ssd, someRows),
};
const CASES = Object.entries(PASSING);

it('lists every method but the one that computes nothing', () => {
  const names = Object.keys(methods).filter((name) => name !== 'Sisa');
  expect(names.filter((name) => !(name in PASSING))).toEqual(['rowRemoval']);
});

describe('devices', () => {
  it('describes the available devices, or what is missing', () => {
    const { cpu, cuda } = lethe.devices();
    expect(cpu).toBe(lethe.device());
    expect(cuda).toEqual({
      available: expect.any(Boolean),
      description: expect.stringMatching(/\w/),
    });
  });
});

describe('the device of a pass', () => {
  /** The recorded requests to the addon, which computes them all on the CPU. */
  let asked: NativePass[];
  const { pass } = addon;

  beforeEach(() => {
    asked = [];
    vi.spyOn(addon, 'pass').mockImplementation((request, onProgress) => {
      asked.push(request);
      return pass({ ...request, device: 'cpu', precision: 'exact' }, onProgress);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(CASES)('%s hands device and precision to all of its passes', async (_, call) => {
    await call({ device: 'cuda', precision: 'fast' });
    expect(asked.length).toBeGreaterThan(0);
    for (const { device, precision } of asked) {
      expect([device, precision]).toEqual(['cuda', 'fast']);
    }
  });

  it.each([true, false])('auto looks for a CUDA device (available: %s)', async (there) => {
    vi.spyOn(addon, 'cudaStatus').mockReturnValue({ available: there, description: '' });
    await model.logits(dataset, rows, { device: 'auto' });
    expect(asked).toMatchObject([{ device: there ? 'cuda' : 'cpu', precision: 'exact' }]);
  });

  it('is the CPU in exact precision by default', async () => {
    await model.logits(dataset, rows);
    expect(asked).toMatchObject([{ device: 'cpu', precision: 'exact', concurrentRuns: 1 }]);
  });

  it('gets all rows at once if it is CUDA; on the CPU they are split over threads', async () => {
    const many = toyDataset({ rows: 2000 });
    await model.logits(many, many.allRows(), { threads: 2 });
    expect(asked.map(({ plan }) => plan.rows.length)).toEqual([1000, 1000]);
    await model.logits(many, many.allRows(), { threads: 2, device: 'cuda' });
    expect(asked.slice(2).map(({ plan }) => plan.rows.length)).toEqual([2000]);
  });

  it.each([
    [9, {}, 6],
    [4, {}, 4],
    [9, { threads: 3 }, 3],
  ])('%i models with %j share a CUDA device, %i at once', async (count, options, atOnce) => {
    await lethe.trainMany(jobs(count), { device: 'cuda', ...options });
    expect(asked.length).toBe(count);
    for (const { concurrentRuns, threads } of asked) {
      expect([concurrentRuns, threads]).toEqual([atOnce, 1]);
    }
  });

  it('is also checked in the addon', async () => {
    await model.logits(dataset, rows);
    const [valid] = asked;
    for (const spoilt of [
      { device: 'tpu' },
      { device: undefined },
      { precision: 'half' },
      { device: 'cpu', precision: 'fast' },
      { concurrentRuns: -1 },
      { concurrentRuns: 1.5 },
    ]) {
      const error = await failure(() => pass(wrong({ ...valid, ...spoilt })));
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });
});

describe('bad options', () => {
  it.each([
    { device: 'tpu' },
    { device: null },
    { precision: 'half' },
    { precision: true },
    { precision: 'fast' },
    { precision: 'fast', device: 'cpu' },
    { precision: 'fast', device: 'auto' },
  ])('%j is refused', async (options) => {
    const bad = wrong(options);
    for (const [, call] of CASES) await expectCode(() => call(bad), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => lethe.rowRemoval(aClass, bad), 'ERR_INVALID_ARGUMENT');
  });
});

describe('auto', () => {
  it.each(CASES)('gives %s the bits of the CPU', async (_, call) => {
    expect(await call({ device: 'auto' })).toEqual(await call({}));
  });
});

describe('what the CPU computes with any device', () => {
  const map = { weights: new Float32Array(24).fill(0.5), bias: Float32Array.of(1, 2) };
  const small = lethe.Model.create([2, 3]);

  it.each(['cuda', 'auto'] as const)('is the same with %s', async (device) => {
    const mapped = async (options: Compute) => {
      const result = await lethe.mapDataset(dataset, map, options);
      return result.normalized(result.allRows());
    };
    const folded = async (options: Compute) =>
      (await lethe.foldLinearMap(small, map, options)).hash();
    expect(await mapped({ device })).toEqual(await mapped({}));
    expect(await folded({ device })).toEqual(await folded({}));
  });
});

describe.skipIf(available)('without a CUDA device', () => {
  it.each(CASES)('%s says so', async (_, call) => {
    await expectCode(() => call({ device: 'cuda' }), 'ERR_NO_DEVICE');
  });

  it('a model stays as it was, and is not busy', async () => {
    const trained = model.clone();
    const error = await expectCode(
      () => trained.train(dataset, { device: 'cuda' }),
      'ERR_NO_DEVICE',
    );
    expect(error.message).toBe(lethe.devices().cuda.description);
    expect(trained.hash()).toBe(model.hash());
    await trained.train(dataset);
    expect(trained.hash()).not.toBe(model.hash());
  });
});

// The native tests hold the backend to the same bits: where the device is, there may be no Node.
describe.skipIf(!available)('with a CUDA device', () => {
  it.each(CASES)('%s gives the bits of the CPU', async (_, call) => {
    expect(await call({ device: 'cuda' })).toEqual(await call({}));
  });

  it('fast precision is close to exact precision', async () => {
    const exact = await model.logits(dataset, rows);
    const fast = await model.logits(dataset, rows, { device: 'cuda', precision: 'fast' });
    const largest = Math.max(...exact.map(Math.abs));
    // TF32 keeps 11 bits of each factor, in each of three layers.
    fast.forEach((logit, i) => {
      expect(Math.abs(logit - exact[i]!)).toBeLessThan(largest / 100);
    });
  });
});
