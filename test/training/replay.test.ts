import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { LabelledData } from '#lethe/engine/labelled-data';
import { Model } from '#lethe/engine/model';
import type { Rows } from '#lethe/engine/row-set';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { runChild } from '../support/child.js';
import { garbled, range, toyData } from '../support/toy.js';

/** Enough columns to be projected, enough rows for the recipe fast. */
const COLUMNS = 72;
const WIDTHS = [COLUMNS, 40, 3];
const ROWS = 1300;
const data = toyData({ rows: ROWS, columns: COLUMNS });
const dataset = new Dataset(data);
const forget = range(0, ROWS).filter((row) => row % 11 === 4);
const retain = range(0, ROWS).filter((row) => row % 11 !== 4);

/** A data set of these rows of another one, in this order. */
function selected(from: Parameters<typeof pick>[0], rows: readonly number[], classes = 3): Dataset {
  return new Dataset({ ...pick(from, rows), classes });
}

function pick<Data extends Omit<LabelledData, 'classes'>>(from: Data, rows: readonly number[]) {
  const { columns, features, labels } = from;
  const chosen = new (features.constructor as Uint8ArrayConstructor)(rows.length * columns);
  rows.forEach((row, i) => {
    chosen.set(features.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return {
    ...from,
    ...{ rows: rows.length, features: chosen },
    labels: Uint32Array.from(rows, (row) => labels[row]!),
  };
}

const RECIPES: [string, TrainModelOptions][] = [
  ['steady', { recipe: 'steady', seed: 5 }],
  ['steady for 40 epochs', { recipe: 'steady', epochs: 40, seed: 5 }],
  ['fast', { recipe: 'fast', seed: 5 }],
  ['fast, without components', { recipe: 'fast', components: false, seed: 5 }],
  ['plain', { recipe: 'plain', seed: 5 }],
  ['auto', { seed: 5 }],
];

it('are of different recipes below', async () => {
  const models = await Promise.all(
    RECIPES.map(async ([, options]) => (await trainModel(WIDTHS, dataset, options)).model.hash()),
  );
  // Here auto takes steady.
  expect(new Set(models).size).toBe(RECIPES.length - 1);
});

describe.each(RECIPES)('the bits of %s', (_name, options) => {
  const hash = async (of: Dataset, rows?: Rows, more: TrainModelOptions = {}, widths = WIDTHS) => {
    const { model } = await trainModel(widths, of, { ...options, ...more, ...(rows && { rows }) });
    return model.hash();
  };
  const usual = hash(dataset, retain);

  it('are the same where the other rows are physically gone', async () => {
    expect(await hash(selected(data, retain))).toBe(await usual);
  });

  it('are the same where the other rows hold anything else', async () => {
    expect(await hash(garbled(data, forget), retain)).toBe(await usual);
    expect(await hash(garbled(data, [retain[0]!]), retain)).not.toBe(await usual);
  });

  it('are the same where rows were compacted, and others put after them', async () => {
    expect(await hash(selected(data, [...retain, ...forget]), range(0, retain.length))).toBe(
      await usual,
    );
  });

  it('follow the order in which rows are given, wherever they lie', async () => {
    const shuffled = retain.map((_, i) => retain[(i * 7 + 3) % retain.length]!);
    expect(new Set(shuffled).size).toBe(retain.length);
    const moved = selected(data, shuffled);
    // Other bits in the order of the shuffled data set, the same in the original order.
    expect(await hash(moved)).not.toBe(await usual);
    expect(await hash(moved)).toBe(await hash(dataset, shuffled));
    const back = retain.map((row) => shuffled.indexOf(row));
    expect(await hash(moved, back)).toBe(await usual);
  });

  it('are their own on floats of the same values, and the same each time', async () => {
    const { affine: _affine, ...rest } = data;
    const floats = new Dataset({ ...rest, features: dataset.normalized(dataset.allRows()) });
    const [first, second] = [await hash(floats, retain), await hash(floats, retain)];
    expect(second).toBe(first);
    expect(await hash(dataset, retain)).toBe(await usual);
  });

  it('do not depend on the classes of the data set', async () => {
    const five = [COLUMNS, 40, 5];
    const before = new Dataset({
      ...{ ...data, classes: 5 },
      // Two classes of which all rows are forgotten.
      labels: data.labels.map((label, row) => (row % 11 === 4 ? 3 + (row % 2) : label)),
    });
    const expected = await hash(before, retain, {}, five);
    expect(await hash(selected(data, retain, 3), undefined, {}, five)).toBe(expected);
    expect(await hash(selected(data, retain, 5), undefined, {}, five)).toBe(expected);
  });

  it('are the same on 1, 2 and 7 threads', async () => {
    for (const threads of [1, 2, 7])
      expect(await hash(dataset, retain, { threads })).toBe(await usual);
  });

  it('depend on the seed', async () => {
    expect(await hash(dataset, retain, { seed: 6 })).not.toBe(await usual);
  });
});

describe.each<[string, Parameters<typeof exactRetrain>[1], TrainModelOptions]>([
  ['of the recorded recipe', {}, { recipe: 'steady', epochs: 40 }],
  ['of no recorded recipe', {}, { recipe: 'steady' }],
  ['of a recipe that it names', { recipe: 'fast' }, { recipe: 'fast' }],
  ['of a recipe that it chooses', { recipe: 'choose' }, {}],
])('the bits of exactRetrain %s', (name, options, by) => {
  const seed = 5;
  const original = trainModel(WIDTHS, dataset, {
    ...(name === 'of the recorded recipe' ? by : { recipe: 'plain' }),
    seed,
  }).then(({ model }) =>
    name === 'of no recorded recipe' ? Model.fromParameters(WIDTHS, model.parameters()) : model,
  );
  const hash = async (of: Dataset, gone: Rows = forget, left: Rows = retain, more = {}) => {
    const request = { model: await original, dataset: of, forget: gone, retain: left };
    return (await exactRetrain(request, { seed, ...options, ...more })).model.hash();
  };
  const usual = hash(dataset);

  it('are those of trainModel on the retain rows alone', async () => {
    const { model } = await trainModel(WIDTHS, selected(data, retain), { ...by, seed });
    expect(model.hash()).toBe(await usual);
  });

  it('do not depend on what is left of forgotten rows', async () => {
    expect(await hash(garbled(data, forget))).toBe(await usual);
    // All rows gone but one of them, which lies at the end.
    const compacted = selected(data, [...retain, forget[0]!]);
    expect(await hash(compacted, [retain.length], range(0, retain.length))).toBe(await usual);
  });

  it('are the same on 1, 2 and 7 threads', async () => {
    for (const threads of [1, 2, 7]) {
      expect(await hash(dataset, forget, retain, { threads })).toBe(await usual);
    }
  });
});

describe('the bits of Sisa', () => {
  const owners = Uint32Array.from({ length: ROWS }, (_, row) => row % 13);
  const options = { owners, shards: 2, seed: 5 };

  it('do not depend on what is left of forgotten rows, nor on threads', async () => {
    const sisa = await Sisa.train(WIDTHS, dataset, options);
    const hash = async (of: Dataset, threads = 2) =>
      (await sisa.forget(of, { owners: [4] }, { threads })).sisa.ensemble.hash();
    const usual = await hash(dataset);
    const own = range(0, ROWS).filter((row) => owners[row] === 4);
    expect(await hash(garbled(data, own))).toBe(usual);
    for (const threads of [1, 7]) expect(await hash(dataset, threads)).toBe(usual);
  });
});

it('the bits of every recipe are the same on every instruction set', async () => {
  const isas = ['plain', 'avx2', 'avx512', 'neon'];
  const [plain, ...others] = await Promise.all(
    isas.map((LETHE_ISA) => runChild('recipes', [], { LETHE_ISA })),
  );
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  const hashes: Record<string, string> = JSON.parse(plain!.stdout);
  expect(Object.keys(hashes).length).toBe(8);
  // Bytes and floats are computed differently; auto takes steady, on each of them.
  expect(new Set(Object.values(hashes)).size).toBe(6);
  for (const { code, stdout, stderr } of others) {
    if (code === 0) expect(JSON.parse(stdout)).toEqual(hashes);
    else expect(stderr).toContain('this machine');
  }
});

describe('a chosen recipe fast', () => {
  const rows = 31_000;
  const wide = toyData({ rows, columns: 128 });
  const widths = [128, 512, 128, 3];
  const left = range(0, rows).filter((row) => row % 31 !== 4);

  it('gives the same bits where the other rows are garbage or gone, on any number of threads', async () => {
    const gone = range(0, rows).filter((row) => row % 31 === 4);
    const runs = [
      [garbled(wide, gone), left, 1],
      [selected(wide, left), undefined, 3],
    ] as const;
    const hashes: string[] = [];
    for (const [of, kept, threads] of runs) {
      const { model, recipe } = await trainModel(widths, of, {
        ...{ seed: 5, threads },
        ...(kept && { rows: kept }),
      });
      expect(recipe).toEqual({ name: 'fast' });
      hashes.push(model.hash());
    }
    expect(hashes[1]).toBe(hashes[0]);
  });
});
