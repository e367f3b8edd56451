import { describe, expect, it, onTestFinished } from 'vitest';
import { expectCode, failure, wrong } from './support/errors.js';
import * as lethe from './support/everything.js';
import { TOY_WIDTHS, toyData, toyDataset } from './support/toy.js';

const dataset = toyDataset({ rows: 40 });
const raw = new lethe.Dataset({
  ...{ name: 'raw', rows: 2, columns: 1, classes: 1, labels: new Uint32Array(2) },
  ...{ features: Float32Array.of(1, 2), encoding: [{ kind: 'number', standardize: true }] },
});
const model = lethe.Model.create(TOY_WIDTHS);
await model.train(dataset);
const ensemble = new lethe.Ensemble([{ model, weight: 1 }]);
const request = { model, dataset, forget: [0, 1], retain: [2, 3] };
const sets = [{ name: 'all', dataset, rows: [0, 1] }];
const ownership = { subjects: ['ada'], owners: Uint32Array.of(0) };
const linearMap = { weights: new Float32Array(24).fill(1), bias: new Float32Array(2) };
const predictions = {
  logits: Float32Array.of(1, 2, 3, 1),
  classes: 2,
  labels: Uint32Array.of(0, 1),
};
const calibrated = { candidate: predictions, references: [predictions] };
const activations = { values: Float32Array.of(1, 2, 4, 3), units: 2 };
const probed = { ...activations, labels: Uint32Array.of(0, 1) };
const relearning = { forget: [0, 1], goal: 1, learningRate: 0.1, maxSteps: 1 };
const rowsOfZero = [...dataset.labels.keys()].filter((row) => dataset.labels[row] === 0);
const ofOneClass = {
  forget: rowsOfZero,
  retain: [...dataset.labels.keys()].filter((row) => dataset.labels[row] !== 0),
};
const owners = Uint32Array.from(dataset.labels.keys(), (row) => row % 5);
const sisa = await lethe.Sisa.train(TOY_WIDTHS, dataset, { owners });
const store = await lethe.openStore();
const filled = await lethe.openStore();
const storedRows = { labels: Uint32Array.of(3, 4) };
await filled.ingest({ ...ownership, owners: Uint32Array.of(0, 0) }, storedRows.labels);
/** The API without types, as plain JavaScript can call it. */
const api = wrong(lethe);

/** Every function of the API with valid arguments; the last one, an options object, is optional. */
const FUNCTIONS: Record<string, [call: (...values: unknown[]) => unknown, valid: unknown[]]> = {
  Dataset: [(data) => new api.Dataset(data), [toyData()]],
  'Dataset.from': [
    (...a) => api.Dataset.from(...a),
    [[{ id: 1, label: 'a', features: [1] }], { name: 'one row' }],
  ],
  'Dataset.rowsOf': [(query) => dataset.rowsOf(wrong(query)), [{ ids: [1] }]],
  'Dataset.without': [(query) => dataset.without(wrong(query)), [{ ids: [1] }]],
  'Dataset.erase': [(ids) => toyDataset().erase(wrong(ids)), [[1]]],
  'Dataset.normalized': [(rows) => dataset.normalized(wrong(rows)), [[0]]],
  'Model.create': [(...a) => api.Model.create(...a), [TOY_WIDTHS, { seed: 1 }]],
  'Model.fromParameters': [
    (...a) => api.Model.fromParameters(...a),
    [TOY_WIDTHS, model.parameters()],
  ],
  'Model.train': [(...a) => wrong(model.clone()).train(...a), [dataset, { epochs: 1 }]],
  'Model.fisher': [(...a) => wrong(model).fisher(...a), [dataset, [0], { mode: 'batch' }]],
  'Model.logits': [(...a) => wrong(model).logits(...a), [dataset, [0], {}]],
  'Model.evaluate': [(...a) => wrong(model).evaluate(...a), [dataset, [0], {}]],
  'Model.predict': [
    (...a) => wrong(model).predict(...a),
    [new Uint8Array(12), { scale: 1, offset: 0 }],
  ],
  Ensemble: [(members) => new api.Ensemble(members), [[{ model, weight: 1 }]]],
  'Ensemble.logits': [(...a) => wrong(ensemble).logits(...a), [dataset, [0], {}]],
  'Ensemble.evaluate': [(...a) => wrong(ensemble).evaluate(...a), [dataset, [0], {}]],
  'Ensemble.predict': [
    (...a) => wrong(ensemble).predict(...a),
    [new Uint8Array(12), { scale: 1, offset: 0 }],
  ],
  'Store.check': [(...a) => wrong(filled).check(...a), [storedRows]],
  'Store.relabel': [(...a) => wrong(filled).relabel(...a), [[0], Uint32Array.of(3)]],
  'Store.deleteRows': [(...a) => wrong(filled).deleteRows(...a), [[1], {}]],
  trainMany: [
    (jobs, options) => api.trainMany(jobs, options),
    [[{ model: model.clone(), dataset, epochs: 1 }], {}],
  ],
  mapDataset: [(...a) => api.mapDataset(...a), [dataset, linearMap, {}]],
  foldLinearMap: [(...a) => api.foldLinearMap(...a), [lethe.Model.create([2, 3]), linearMap, {}]],
  kroneckerSolve: [
    (...a) => api.kroneckerSolve(...a),
    [
      {
        widths: [1, 1],
        factors: Float32Array.of(1, 0, 0, 1, 1),
        gradient: Float32Array.of(1, 1),
        damping: 1,
      },
      {},
    ],
  ],
  pass: [
    (...a) => api.pass(...a),
    [model, dataset, { rows: [0] }, { target: 'label' }, { kind: 'logits' }, {}],
  ],
  parameterHash: [(...a) => api.parameterHash(...a), [TOY_WIDTHS, model.parameters()]],
  syntheticDigits: [(...a) => api.syntheticDigits(...a), [{ trainRows: 3, testRows: 2 }]],
  assignZipf: [(options) => lethe.assignZipf(wrong(options)), [{ rows: 10 }]],
  assignExclusive: [
    (options) => lethe.assignExclusive(wrong(options)),
    [{ labels: Uint32Array.of(0, 1), users: 2 }],
  ],
  openStore: [async (...a) => (await api.openStore(...a)).close(), [{}]],
  'Store.ingest': [
    (...a) => wrong(store).ingest(...a),
    [ownership, Uint32Array.of(0), { firstRow: 0 }],
  ],
  trainModel: [(...a) => api.trainModel(...a), [TOY_WIDTHS, dataset, {}]],
  'Dataset.select': [(...a) => wrong(dataset).select(...a), [[0], {}]],
  exactRetrain: [(...a) => api.exactRetrain(...a), [request, {}]],
  'Sisa.train': [(...a) => api.Sisa.train(...a), [TOY_WIDTHS, dataset, { owners }]],
  'Sisa.forget': [(...a) => wrong(sisa).forget(...a), [dataset, [0], {}]],
  retrain: [(...a) => api.retrain(...a), [request, { epochs: 1 }]],
  amnesiac: [(...a) => api.amnesiac(...a), [request, {}]],
  badTeacher: [(...a) => api.badTeacher(...a), [request, {}]],
  fineTune: [(...a) => api.fineTune(...a), [request, {}]],
  fisherForget: [(...a) => api.fisherForget(...a), [request, {}]],
  gradientAscent: [(...a) => api.gradientAscent(...a), [request, {}]],
  kfac: [(...a) => api.kfac(...a), [request, { steps: 2 }]],
  lowRank: [(...a) => api.lowRank(...a), [request, { steps: 2 }]],
  negGradPlus: [(...a) => api.negGradPlus(...a), [request, { maxSteps: 2 }]],
  randomLabel: [(...a) => api.randomLabel(...a), [request, {}]],
  salun: [(...a) => api.salun(...a), [request, {}]],
  scrub: [(...a) => api.scrub(...a), [request, {}]],
  ssd: [(...a) => api.ssd(...a), [request, {}]],
  rowRemoval: [(...a) => api.rowRemoval(...a), [{ ...request, ...ofOneClass }, {}]],
  fisherScrub: [(...a) => api.fisherScrub(...a), [request, {}]],
  toSafetensors: [(...a) => api.toSafetensors(...a), [model, {}]],
  fromSafetensors: [(...a) => api.fromSafetensors(...a), [lethe.toSafetensors(model), {}]],
  fromOnnx: [(...a) => api.fromOnnx(...a), [await lethe.toOnnx(model), { verify: true }]],
  toOnnx: [(...a) => api.toOnnx(...a), [model, { dataset }]],
  verify: [(...a) => api.verify(...a), [model, sets, { threads: 1 }]],
  proportion: [(...a) => api.proportion(...a), [1, 2]],
  accuracy: [(...a) => api.accuracy(...a), [predictions]],
  gap: [(...a) => api.gap(...a), [predictions, predictions]],
  losses: [(...a) => api.losses(...a), [predictions]],
  margins: [(...a) => api.margins(...a), [predictions]],
  entropies: [(...a) => api.entropies(...a), [predictions]],
  predictiveEntropy: [(...a) => api.predictiveEntropy(...a), [predictions]],
  jensenShannon: [(...a) => api.jensenShannon(...a), [predictions, predictions]],
  completeness: [(...a) => api.completeness(...a), [predictions, predictions]],
  zeroRetrainForgetting: [(...a) => api.zeroRetrainForgetting(...a), [predictions, predictions]],
  entropyAuc: [(...a) => api.entropyAuc(...a), [predictions, predictions]],
  areaUnderCurve: [(...a) => api.areaUnderCurve(...a), [Float64Array.of(1), Float64Array.of(2)]],
  membershipAttack: [
    (sets) => api.membershipAttack(sets),
    [{ retain: predictions, forget: predictions, test: predictions }],
  ],
  calibratedAuc: [(...a) => api.calibratedAuc(...a), [calibrated, calibrated]],
  centredKernelAlignment: [(...a) => api.centredKernelAlignment(...a), [activations, activations]],
  linearProbe: [(...a) => api.linearProbe(...a), [probed, probed]],
  fitInputMap: [(...a) => api.fitInputMap(...a), [raw, [0], 1]],
  hiddenActivations: [(...a) => api.hiddenActivations(...a), [model, dataset, [0], {}]],
  relearnSteps: [(...a) => api.relearnSteps(...a), [model, dataset, relearning]],
  parameterDistance: [(...a) => api.parameterDistance(...a), [model, model.clone()]],
  weightDistance: [(...a) => api.weightDistance(...a), [model, model.clone()]],
  labelledFromIdx: [
    (source) => lethe.labelledFromIdx(wrong(source)),
    [
      {
        name: 'two images',
        images: { shape: [2, 3], values: new Uint8Array(6) },
        labels: { shape: [2], values: Uint8Array.of(0, 1) },
        classes: 2,
        affine: { scale: 1, offset: 0 },
      },
    ],
  ],
};

/** Functions that take the path of a file or a folder, to be called with something else. */
const FILE_FUNCTIONS: Record<string, (...values: unknown[]) => unknown> = {
  'Model.load': (path) => lethe.Model.load(wrong(path)),
  'Model.save': (path) => model.save(wrong(path)),
  'Dataset.open': (path) => lethe.Dataset.open(wrong(path)),
  'Dataset.save': (path) => dataset.save(wrong(path)),
  'Sisa.load': (folder) => lethe.Sisa.load(wrong(folder)),
  'Sisa.save': (folder) => sisa.save(wrong(folder)),
  saveOnnx: (path) => lethe.saveOnnx(model, wrong(path)),
  saveSafetensors: (path) => lethe.saveSafetensors(model, wrong(path)),
  loadOnnx: (path) => lethe.loadOnnx(wrong(path)),
  loadSafetensors: (path) => lethe.loadSafetensors(wrong(path)),
  loadCsv: (path) => lethe.loadCsv(wrong(path), { label: 'x' }),
  'loadCsv, label': (label) => lethe.loadCsv('missing', { label: wrong(label) }),
  loadParquet: (path) => lethe.loadParquet(wrong(path), { label: 'x' }),
  'loadParquet, owner': (owner) => lethe.loadParquet('', { label: '', owner: wrong(owner) }),
  loadIdx: (path) => lethe.loadIdx(wrong(path)),
  loadArrow: (path) => lethe.loadArrow(wrong(path), { label: 'x' }),
  'loadArrow, features': (name) => lethe.loadArrow('', { label: '', features: wrong([name]) }),
  loadNumpy: (path) => lethe.loadNumpy(wrong(path), { features: 'X', label: 'y' }),
  'loadNumpy, features': (name) => lethe.loadNumpy('', { features: wrong(name), label: 'y' }),
  'loadCifar10, dir': (dir) => lethe.loadCifar10({ dir: wrong(dir) }),
  'loadMnist, dir': (dir) => lethe.loadMnist({ dir: wrong(dir) }),
  'downloadMnist, dir': (dir) => lethe.downloadMnist({ dir: wrong(dir), mirrors: [] }),
  'openStore, path': (path) => lethe.openStore({ path: wrong(path) }),
  'Store.has': (subject) => store.has(wrong(subject)),
  'Store.rowsOf': (subject) => store.rowsOf(wrong(subject)),
  'Store.delete': (subject) => store.delete(wrong(subject)),
};

const GARBAGE = [
  null,
  5,
  'text',
  true,
  9n,
  Symbol('s'),
  () => 1,
  {},
  [],
  [null],
  new Array(3),
  Object.create(null),
];
const NOT_TEXT = GARBAGE.filter((value) => typeof value !== 'string');

describe.each(Object.entries(FUNCTIONS))('%s', (_, [call, valid]) => {
  it('accepts the arguments that the next tests make invalid', async () => {
    await call(...valid);
  });

  it('throws only errors of the class LetheError', async () => {
    const calls = [...valid.keys()].map((count) => valid.slice(0, count));
    for (const place of valid.keys()) {
      for (const value of GARBAGE) calls.push(valid.with(place, value));
    }
    for (const values of calls) {
      const thrown = await failure(async () => {
        await call(...values);
        throw new lethe.LetheError('ERR_IO', 'not an error');
      });
      expect(thrown, String(thrown)).toBeInstanceOf(lethe.LetheError);
    }
  });

  it('refuses an unknown field and names it', async () => {
    for (const [place, value] of valid.entries()) {
      if (!isOptions(value)) continue;
      const thrown = await failure(() => call(...valid.with(place, { ...value, nonsense: 1 })));
      expect(thrown).toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringContaining('"nonsense"'),
      });
    }
  });

  it('refuses null for each of its arguments', async () => {
    for (const place of valid.keys()) {
      await expectCode(() => call(...valid.with(place, null)), 'ERR_INVALID_ARGUMENT');
    }
  });
});

/** Objects whose fields only this call reads, unlike data, which other functions read too. */
function isOptions(value: unknown): value is object {
  const isPlain = Object.prototype.toString.call(value) === '[object Object]';
  const data: unknown[] = [
    request,
    ownership,
    storedRows,
    predictions,
    calibrated,
    activations,
    probed,
  ];
  const isData = data.includes(value) || Object.hasOwn(value as object, 'retain');
  return isPlain && Object.getPrototypeOf(value) === Object.prototype && !isData;
}

describe.each(Object.entries(FILE_FUNCTIONS))('%s', (_, call) => {
  it('accepts only strings', async () => {
    for (const value of NOT_TEXT) await expectCode(() => call(value), 'ERR_INVALID_ARGUMENT');
  });
});

it('lists every function of the API above', () => {
  const named = [...Object.keys(FUNCTIONS), ...Object.keys(FILE_FUNCTIONS)].map(
    (name) => /^\w+/.exec(name)![0],
  );
  const exported = Object.entries(lethe)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  const untested = exported.filter((name) => !named.includes(name));
  const withoutArguments = ['availableThreads', 'device', 'devices'];
  const elsewhere = [
    ...['LetheError', 'Parameters', 'PhiloxStream', 'RowSet'],
    ...['layersOf', 'shareMachine', 'sideBySide'],
  ];
  expect(untested.sort()).toEqual([...withoutArguments, ...elsewhere].sort());
  onTestFinished(async () => {
    await store.close();
    await filled.close();
  });
});
