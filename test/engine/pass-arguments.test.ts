import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { expectCode, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyData, toyDataset } from '../support/toy.js';

const dataset = toyDataset({ rows: 40 });
const model = Model.create(TOY_WIDTHS, { seed: 1 });
const before = model.hash();
const parameterCount = model.parameters().length;

const sgd = { kind: 'sgd', learningRate: 0.1, momentum: 0.5, weightDecay: 0, nesterov: false };
const fisher = new Float32Array(parameterCount).fill(1);
const scrub = { kind: 'clampedFisher', fisher, learningRate: 0.1, alpha: 1, clamp: 0.1 };
const valid = {
  model,
  dataset,
  plan: { rows: [1, 2, 3] },
  objective: { target: 'label' },
  sink: sgd,
  options: {},
};

const run = (change: Record<string, unknown>) => {
  const it = wrong({ ...valid, ...change });
  return pass(it.model, it.dataset, it.plan, it.objective, it.sink, it.options);
};

type Case = [what: string, change: Record<string, unknown>, code?: LetheErrorCode | undefined];
const plan = (change: object) => ({ plan: { ...valid.plan, ...change } });
const sink = (change: object) => ({ sink: { ...sgd, ...change } });
const scrubSink = (change: object) => ({ sink: { ...scrub, ...change } });
const objective = (change: object) => ({ objective: { ...valid.objective, ...change } });
const explicit = (distributions: unknown) => objective({ target: 'explicit', distributions });
const masked = (removedClasses: unknown) => objective({ target: 'masked', removedClasses });
const options = (change: object) => ({ options: change });

const spoilt: Case[] = [
  ...[undefined, null, 5, 'text', {}, [], dataset].map((v): Case => ['model', { model: v }]),
  ['a look-alike', { model: { widths: model.widths } }],
  ['what merely inherits', { model: Object.create(model) }],
  ...[undefined, null, 5, 'text', {}, [], model].map((v): Case => ['dataset', { dataset: v }]),
  ...[undefined, null, 5, 'text', {}].map((v): Case => ['plan', { plan: v }]),
  ...[undefined, null, 5, 'text', {}].map((v): Case => ['objective', { objective: v }]),
  ...[undefined, null, 5, 'text', {}].map((v): Case => ['sink', { sink: v }]),
  ...[null, 5, 'text'].map((v): Case => ['options', { options: v }]),

  ['an empty set', plan({ rows: [] }), 'ERR_EMPTY_SET'],
  ['a row out of range', plan({ rows: [40] }), 'ERR_INVALID_ROWS'],
  ['a row given twice', plan({ rows: [1, 1] }), 'ERR_INVALID_ROWS'],
  ['a set instead of a list', plan({ rows: new Set([1]) })],
  ...[0, -1, 1.5, 2 ** 32, Number.NaN, Infinity, '8', null, 8n].flatMap((v): Case[] => [
    ['batchSize', plan({ batchSize: v })],
    ['epochs', plan({ epochs: v })],
  ]),
  ...[0, -1, 1.5, 2 ** 53, Number.NaN, '8', null].map(
    (v): Case => ['maxSteps', plan({ maxSteps: v })],
  ),
  ...[-1, 1.5, 2 ** 53, Number.NaN, '8', null].map((v): Case => ['seed', plan({ shuffleSeed: v })]),

  ...[0, -1, 1.5, 9, Number.NaN, '2', null].map(
    (v): Case => ['hardest', plan({ batchSize: 8, hardest: v })],
  ),
  ['hardest without a change', { ...plan({ hardest: 2 }), sink: { kind: 'logits' } }],
  ...[0, -1, 1.5, 3, Number.NaN, '2', null, undefined].map(
    (v): Case => [
      'samplesPerEpoch',
      plan({ sampledRows: [5, 6], shuffleSeed: 1, samplesPerEpoch: v }),
    ],
  ),
  ...[null, 5, 'rows', {}, undefined].map(
    (v): Case => ['sampledRows', plan({ sampledRows: v, shuffleSeed: 1, samplesPerEpoch: 1 })],
  ),
  ['samples without a seed', plan({ sampledRows: [5, 6], samplesPerEpoch: 1 })],
  [
    'a sampled row of the set',
    plan({ sampledRows: [5, 1], shuffleSeed: 1, samplesPerEpoch: 1 }),
    'ERR_INVALID_ROWS',
  ],
  [
    'a sampled row out of range',
    plan({ sampledRows: [40], shuffleSeed: 1, samplesPerEpoch: 1 }),
    'ERR_INVALID_ROWS',
  ],
  ...[
    [],
    [0.1],
    [[0]],
    [[0, 0]],
    [[0, -1]],
    [[0, Number.NaN]],
    [[-0.1, 1]],
    [[1.1, 1]],
    [
      [0, 1],
      [0, 2],
    ],
    [
      [0.5, 1],
      [0.2, 1],
    ],
    [['0', 1]],
    [[0, '1']],
    [null],
  ].map((v): Case => ['learningRate', sink({ learningRate: v })]),

  ...[0, 1.5, 1025, Number.NaN, '2', null].map((v): Case => ['threads', options({ threads: v })]),
  ...[null, {}, 'abort', { aborted: true }].map((v): Case => ['signal', options({ signal: v })]),
  ...[null, {}, 'report'].map((v): Case => ['onProgress', options({ onProgress: v })]),

  ...['Label', '', 5, null].map((v): Case => ['target', objective({ target: v })]),
  ...[Number.NaN, Infinity, 1e39, '1', null].map((v): Case => ['weight', objective({ weight: v })]),
  ...[undefined, null, 1, [3], [-1], [0.5], ['1'], [0, 1, 2]].map(
    (v): Case => ['removed', masked(v)],
  ),
  ...[undefined, null, [], new Float64Array(120), new Float32Array(119), new Float32Array(9)].map(
    (v): Case => ['distributions', explicit(v)],
  ),
  ...[-0.1, Number.NaN, Infinity].map(
    (v): Case => ['distributions', explicit(new Float32Array(120).fill(v, 119))],
  ),
  ...[
    null,
    [],
    new Float64Array(40),
    new Float32Array(39),
    new Float32Array(40).fill(Infinity),
  ].map((v): Case => ['rowWeights', objective({ rowWeights: v })]),

  ...['SGD', null, 5, '__proto__'].map((v): Case => ['kind', sink({ kind: v })]),
  ...[0, -1, Number.NaN, Infinity, 1e39, 1e-60, '0.1', null, undefined, 1n].flatMap((v): Case[] => [
    ['learningRate', sink({ learningRate: v })],
    ['learningRate', scrubSink({ learningRate: v })],
    ['alpha', scrubSink({ alpha: v })],
    ['clamp', scrubSink({ clamp: v })],
  ]),
  ...[1, -0.1, Number.NaN, '0', null].map((v): Case => ['momentum', sink({ momentum: v })]),
  ...[-1, Number.NaN, Infinity, '0', null].map(
    (v): Case => ['weightDecay', sink({ weightDecay: v })],
  ),
  ...[0, 'true', null].map((v): Case => ['nesterov', sink({ nesterov: v })]),
  ...[null, 5, 'rows', {}].map((v): Case => ['trackedRows', sink({ trackedRows: v })]),
  ['no tracked row', sink({ trackedRows: [] }), 'ERR_EMPTY_SET'],
  ['a tracked row out of range', sink({ trackedRows: [40] }), 'ERR_INVALID_ROWS'],
  ['nesterov without momentum', sink({ nesterov: true, momentum: 0 })],
  ...[undefined, null, [], fisher.slice(1), Float64Array.from(fisher)].map(
    (v): Case => ['fisher', scrubSink({ fisher: v })],
  ),
  ...[-1, Number.NaN, Infinity].map(
    (v): Case => ['fisher', scrubSink({ fisher: fisher.with(0, v) })],
  ),
  ['Fisher mode', { sink: { kind: 'squaredGradient', mode: 'row' } }],
  ['Fisher mode', { sink: { kind: 'squaredGradient' } }],

  ['other columns', { dataset: toyDataset({ columns: 11 }) }],
  ['more classes', { dataset: new Dataset({ ...toyData(), classes: 4 }) }],
];

const cases = spoilt.map(([what, change, code]): Case => {
  const [value] = Object.values(change);
  const shown = inspect(value, { depth: 0, maxArrayLength: 2, breakLength: Infinity });
  return [`${what}: ${shown}`, change, code];
});

describe('a pass', () => {
  it('runs with the arguments that the cases below make invalid', async () => {
    for (const change of [
      {},
      { sink: scrub },
      explicit(new Float32Array(120)),
      masked([1, 1, 0]),
    ]) {
      const { steps } = await run({ ...change, model: model.clone() });
      expect(steps).toBe(1);
    }
  });

  it.each(cases)('refuses a wrong %s', async (_, change, code = 'ERR_INVALID_ARGUMENT') => {
    await expectCode(() => run(change), code);
    // The model is neither changed nor still in use.
    expect(model.hash()).toBe(before);
  });

  it('does not begin if already aborted', async () => {
    const { message } = await expectAborted(AbortSignal.abort());
    expect(message).toBe('the run was aborted');
  });
});

async function expectAborted(signal: AbortSignal): Promise<Error> {
  const error = await run({ options: { signal } }).catch((reason) => reason);
  expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: signal.reason });
  return error;
}

describe("a model's methods", () => {
  type Call = (argument: unknown) => unknown;
  const rows = dataset.allRows();
  const calls: [name: string, call: Call][] = [
    ['train', (data) => model.train(wrong(data))],
    ['fisher', (data) => model.fisher(wrong(data), rows, { mode: 'batch' })],
    ['logits', (data) => model.logits(wrong(data), rows)],
    ['evaluate', (data) => model.evaluate(wrong(data), rows)],
    ['train options', (options) => model.train(dataset, wrong(options))],
    ['fisher options', (options) => model.fisher(dataset, rows, wrong(options))],
    ['logits options', (options) => model.logits(dataset, rows, wrong(options))],
    ['evaluate options', (options) => model.evaluate(dataset, rows, wrong(options))],
    ['fisher rows', (rows) => model.fisher(dataset, wrong(rows), { mode: 'batch' })],
    ['logits rows', (rows) => model.logits(dataset, wrong(rows))],
    ['evaluate rows', (rows) => model.evaluate(dataset, wrong(rows))],
    ['train rows', (rows) => model.train(dataset, { rows: wrong(rows) })],
  ];

  it.each(calls)('refuse wrong types: %s', async (_, call) => {
    for (const argument of [null, 5, 'text', Symbol('x')]) {
      await expectCode(() => call(argument), 'ERR_INVALID_ARGUMENT');
    }
  });

  it.each(calls.filter(([name]) => name.endsWith(' rows')))('refuse bad %s', async (_, call) => {
    await expectCode(() => call([]), 'ERR_EMPTY_SET');
    await expectCode(() => call([40]), 'ERR_INVALID_ROWS');
    await expectCode(() => call([1, 1]), 'ERR_INVALID_ROWS');
  });

  it.each<[object]>([
    [{ learningRate: 0 }],
    [{ learningRate: Number.NaN }],
    [{ learningRate: '0.1' }],
    [{ momentum: 1 }],
    [{ weightDecay: -1 }],
    [{ nesterov: 1 }],
    [{ epochs: 0 }],
    [{ batchSize: 1.5 }],
    [{ seed: -1 }],
    [{ threads: 0 }],
  ])('refuse to train with %j', async (options) => {
    await expectCode(() => model.train(dataset, wrong(options)), 'ERR_INVALID_ARGUMENT');
  });

  it.each<[object]>([
    [{ mode: 'row' }],
    [{}],
    [{ mode: 'batch', samples: 0 }],
    [{ mode: 'batch', samples: 1.5 }],
    [{ mode: 'batch', batchSize: 0 }],
    [{ mode: 'batch', seed: -1 }],
  ])('refuse a Fisher diagonal with %j', async (options) => {
    await expectCode(() => model.fisher(dataset, rows, wrong(options)), 'ERR_INVALID_ARGUMENT');
  });
});
