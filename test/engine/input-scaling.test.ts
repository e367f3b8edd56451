import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type InputScaling, pass } from '#lethe/engine/pass';
import { expectCode, wrong } from '../support/errors.js';
import { range, toyData } from '../support/toy.js';

const COLUMNS = 12;
const WIDTHS = [COLUMNS, 16, 3];
const data = toyData({ rows: 200 });
const bytes = new Dataset(data);
const { affine: _, ...rest } = data;
const inputs = bytes.normalized(bytes.allRows());
const floats = new Dataset({ ...rest, features: inputs });

const centres = Float32Array.from(range(0, COLUMNS), (j) => j / 16 - 0.25);
/** Exact in float32, as are their squares; the fourth input is not learnt. */
const scales = Float32Array.from(range(0, COLUMNS), (j) => (j === 3 ? 0 : (1 + (j % 5)) / 4));
const scalingBy = (unit: number): InputScaling => ({
  centres,
  rates: scales.map((scale) => (scale / unit) ** 2),
  unit,
});
const sgd = { kind: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true } as const;
const LABEL = { target: 'label' } as const;

async function trained(
  model: Model,
  dataset: Dataset,
  scaling?: InputScaling,
  options: { threads?: number } = {},
): Promise<Model> {
  const plan = { rows: dataset.allRows(), batchSize: 23, epochs: 3, shuffleSeed: 4 };
  const sink = { ...sgd, ...(scaling && { inputScaling: scaling }) };
  await pass(model, dataset, plan, LABEL, sink, options);
  return model;
}

/** A network of scaled inputs as one of the inputs themselves, in double precision. */
function folded(model: Model): Model {
  const parameters = model.parameters();
  for (let unit = 0; unit < 16; unit++) {
    let shift = 0;
    for (let j = 0; j < COLUMNS; j++) {
      const weight = parameters[unit * COLUMNS + j]! * scales[j]!;
      parameters[unit * COLUMNS + j] = weight;
      shift += weight * centres[j]!;
    }
    parameters[16 * COLUMNS + unit]! -= shift;
  }
  return Model.fromParameters(WIDTHS, parameters);
}

describe.each([
  ['bytes', bytes],
  ['floats', floats],
])('SGD on scaled inputs of %s', (_name, dataset) => {
  it.each([1, 0.25, 8])(
    'is SGD on inputs that were scaled before, by a unit of %d',
    async (unit) => {
      const scaled = new Dataset({
        ...rest,
        features: inputs.map((x, i) => scales[i % COLUMNS]! * (x - centres[i % COLUMNS]!)),
      });
      const initial = Model.create(WIDTHS, { seed: 2 });
      const ours = await trained(folded(initial), dataset, scalingBy(unit));
      const expected = folded(await trained(initial.clone(), scaled));
      const before = folded(initial).parameters();
      const [found, wanted] = [ours.parameters(), expected.parameters()];
      const moved = Math.max(...wanted.map((value, i) => Math.abs(value - before[i]!)));
      expect(moved).toBeGreaterThan(0.1);
      found.forEach((value, i) => {
        expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-5 * moved);
      });
    },
  );

  it('leaves the weights of inputs alone whose rate is 0', async () => {
    const model = Model.create(WIDTHS, { seed: 2 });
    const before = model.parameters();
    const after = (await trained(model.clone(), dataset, scalingBy(1))).parameters();
    for (let unit = 0; unit < 16; unit++) {
      expect(after[unit * COLUMNS + 3]).toBe(before[unit * COLUMNS + 3]);
      expect(after[unit * COLUMNS + 2]).not.toBe(before[unit * COLUMNS + 2]);
    }
  });

  it('gives the same bits on any number of threads', async () => {
    const hashes = await Promise.all(
      [1, 2, 7].map(async (threads) => {
        const model = Model.create(WIDTHS, { seed: 2 });
        return (await trained(model, dataset, scalingBy(0.5), { threads })).hash();
      }),
    );
    expect(new Set(hashes).size).toBe(1);
    expect((await trained(Model.create(WIDTHS, { seed: 2 }), dataset)).hash()).not.toBe(hashes[0]);
  });
});

describe('scalings that are refused', () => {
  const valid = scalingBy(1);
  it.each<[string, Record<string, unknown>, Record<string, unknown>?]>([
    ['a centre too few', { centres: centres.subarray(1) }],
    ['a rate too many', { rates: new Float32Array(COLUMNS + 1) }],
    ['centres in a list', { centres: [...centres] }],
    ['rates in double precision', { rates: Float64Array.from(valid.rates) }],
    ['no rates', { rates: undefined }],
    ['a centre that is not a number', { centres: centres.with(5, Number.NaN) }],
    ['an infinite centre', { centres: centres.with(5, Infinity) }],
    ['a rate that is not a number', { rates: valid.rates.with(0, Number.NaN) }],
    ['an infinite rate', { rates: valid.rates.with(0, Infinity) }],
    ['a negative rate', { rates: valid.rates.with(11, -0.5) }],
    ['a unit that is no power of two', { unit: 3 }],
    ['a unit of 0', { unit: 0 }],
    ['a negative unit', { unit: -2 }],
    ['a unit that is not a number', { unit: Number.NaN }],
    ['an infinite unit', { unit: Infinity }],
    ['a unit in words', { unit: '1' }],
    ['an unknown field', { scale: 1 }],
    ['weight decay beside it', {}, { weightDecay: 0.1 }],
    ['tracked rows beside it', {}, { trackedRows: [1] }],
  ])('%s', async (__, change, sink = {}) => {
    const model = Model.create(WIDTHS, { seed: 2 });
    const before = model.hash();
    const inputScaling = { ...valid, ...change };
    const call = () =>
      pass(model, bytes, { rows: [1, 2] }, LABEL, wrong({ ...sgd, inputScaling, ...sink }));
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
    expect(model.hash()).toBe(before);
  });

  it.each([null, 5, 'scaling', []])('%j for a scaling', async (inputScaling) => {
    const model = Model.create(WIDTHS);
    const sink = wrong({ ...sgd, inputScaling });
    const call = () => pass(model, bytes, { rows: [1] }, LABEL, sink);
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });

  it('a scaling of a sink that does not train', async () => {
    const sink = wrong({ kind: 'gradient', inputScaling: valid });
    const call = () => pass(Model.create(WIDTHS), bytes, { rows: [1] }, LABEL, sink);
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});
