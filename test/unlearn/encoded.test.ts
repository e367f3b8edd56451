import { describe, expect, it } from 'vitest';
import { hiddenActivations } from '#lethe/engine/activations';
import { Dataset } from '#lethe/engine/dataset';
import type { LabelledRow } from '#lethe/engine/dataset-from';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { Model } from '#lethe/engine/model';
import { relearnSteps } from '#lethe/metrics/relearn';
import type { RecipeName } from '#lethe/training/recipes';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { retrain } from '#lethe/unlearn/exact/retrain';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { expectCode, wrong } from '../support/errors.js';
import * as lethe from '../support/everything.js';
import {
  RAW_INPUTS,
  RAW_NAMES,
  RAW_WIDTHS,
  type RawRow,
  rawDataset,
  rawRows,
} from '../support/raw-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { ENDLESS } from '../support/toy.js';

const rows = rawRows(400);
const isGone = ({ subjects }: LabelledRow) => subjects === 'user 3';
const dataset = await rawDataset(rows);
const left = await rawDataset(rows.filter((row) => !isGone(row)));
const forget = dataset.rowsOf({ subject: 'user 3' });
const retain = dataset.without(forget);

/** A model, and the same rows as inputs that nobody has to encode, with a model of these. */
async function setting() {
  const inputMap = await fitInputMap(dataset, dataset.allRows());
  const inputs = await inputRows({ inputMap }, dataset);
  const plain = new Dataset({
    ...{ name: 'plain', rows: dataset.rows, columns: RAW_INPUTS, classes: 3 },
    ...{ features: inputs.normalized(dataset.allRows()), labels: dataset.labels },
  });
  const model = Model.create(RAW_WIDTHS).withFacts({ inputMap, featureNames: RAW_NAMES });
  // The training that amnesiac assumes by default.
  await model.train(dataset);
  const other = Model.fromParameters(RAW_WIDTHS, model.parameters());
  return { inputMap, plain, model, other };
}
const { inputMap, plain, model, other } = await setting();

describe('an approximate method', () => {
  const METHODS = {
    ...{ amnesiac: lethe.amnesiac, badTeacher: lethe.badTeacher, fineTune: lethe.fineTune },
    ...{ fisherForget: lethe.fisherForget, fisherScrub: lethe.fisherScrub, kfac: lethe.kfac },
    ...{ gradientAscent: lethe.gradientAscent, lowRank: lethe.lowRank, salun: lethe.salun },
    ...{ negGradPlus: lethe.negGradPlus, randomLabel: lethe.randomLabel, scrub: lethe.scrub },
    ...{ ssd: lethe.ssd, rowRemoval: lethe.rowRemoval },
  };

  const label = 2;
  const whole = {
    forget: [...dataset.allRows()].filter((row) => dataset.labels[row] === label),
    retain: [...dataset.allRows()].filter((row) => dataset.labels[row] !== label),
  };

  it.each(Object.entries(METHODS))(
    '%s does what it does of inputs, and keeps the map',
    async (name, method) => {
      const split = name === 'rowRemoval' ? whole : { forget: [...forget], retain: [...retain] };
      const hash = model.hash();
      // The rows have not been encoded yet, as after they were read.
      const fresh = await rawDataset(rows);
      const encoded = await method({ model, dataset: fresh, ...split });
      const expected = await method({ model: other, dataset: plain, ...split });
      expect(encoded.model.parameters()).toEqual(expected.model.parameters());
      expect(encoded.model.inputMap).toEqual(inputMap);
      expect(encoded.multiplyAdds).toBe(expected.multiplyAdds);
      expect(model.hash()).toBe(hash);
      expect((await encoded.model.evaluate(dataset, retain)).rows).toBe(360);
    },
  );

  it('reads its request and options as they were when it began', async () => {
    const options = () => ({ training: { epochs: 1 }, repair: { epochs: 1, learningRate: 0.01 } });
    const own = Model.create(RAW_WIDTHS).withFacts({ inputMap });
    await own.train(dataset, { epochs: 1 });
    const run = async (change: (given: ReturnType<typeof options>, request: object) => void) => {
      const given = options();
      const request = { model: own.clone(), dataset: await rawDataset(rows), forget, retain: [] };
      const rest = { forget: [...forget], retain: [...retain] };
      const whole = { ...request, ...rest };
      const result = lethe.amnesiac(whole, given);
      change(given, whole);
      return (await result).model.hash();
    };
    const expected = await run(() => {});
    expect(
      await run((given, request) => {
        given.training.epochs = 7;
        given.repair.learningRate = 5;
        Object.assign(request, { model: undefined, dataset: undefined, forget: [], retain: [] });
      }),
    ).toBe(expected);
  });

  it('takes inherited options, as it does of other rows', async () => {
    const request = { forget: [...forget], retain: [...retain] };
    const options = Object.create({ epochs: 3, learningRate: 0.02 });
    const encoded = await lethe.fineTune(
      { ...request, model, dataset: await rawDataset(rows) },
      options,
    );
    const expected = await lethe.fineTune({ ...request, model: other, dataset: plain }, options);
    expect(encoded.model.parameters()).toEqual(expected.model.parameters());
  });

  it('refuses wrong options before and after rows were encoded', async () => {
    const request = { model, forget, retain };
    for (const options of [null, 5, 'text', { threads: '2' }, { epochs: -1 }, { colour: 'red' }]) {
      for (const data of [await rawDataset(rows), dataset]) {
        const [gone, kept] = [[...forget], [...retain]];
        const run = () =>
          lethe.fineTune({ ...request, dataset: data, forget: gone, retain: kept }, wrong(options));
        await expectCode(run, 'ERR_INVALID_ARGUMENT');
      }
    }
  });

  it('keeps its rows from being erased, and is stopped by its signal', async () => {
    const data = await rawDataset(rows);
    const controller = new AbortController();
    const request = { model, dataset: data, forget: [...forget], retain: [...retain] };
    const run = lethe.fineTune(request, { ...ENDLESS, maxSteps: 1e9, signal: controller.signal });
    await expectCode(() => data.erase([0]), 'ERR_BUSY');
    setTimeout(() => controller.abort(), 30);
    await expectCode(() => run, 'ERR_ABORTED');
    await data.erase([0]);
    await expectCode(() => lethe.fineTune({ ...request, forget: [0] }), 'ERR_ERASED_ROW');
  });

  it('is judged of raw values as of inputs', async () => {
    expect(await hiddenActivations(model, dataset, retain)).toEqual(
      await hiddenActivations(other, plain, [...retain]),
    );
    const options = { goal: 99, learningRate: 0.01, maxSteps: 16 };
    expect(await relearnSteps(model, dataset, { ...options, forget, otherRows: retain })).toEqual(
      await relearnSteps(other, plain, {
        ...{ ...options, forget: [...forget], otherRows: [...retain] },
      }),
    );
  });
});

/** What may stand where the rows of a subject stood: the values of a retrain may not tell. */
const FORGOTTEN: Record<string, (row: RawRow, i: number) => LabelledRow> = {
  'huge numbers': (row, i) => ({
    ...row,
    features: { age: 3e38, income: i % 2 ? 3e38 : -3e38, country: 'FR', score: -3e38 },
  }),
  'other magnitudes': (row, i) => ({
    ...row,
    features: { age: 1e6, income: i % 2 ? 1e9 : -1e9, country: 'FR', score: 0.5 },
  }),
  'nothing but missing values': (row) => ({ ...row, features: { income: 0, score: 0 } }),
  'other categories and classes': (row) => ({
    ...row,
    label: '2',
    features: { ...row.features, country: row.features.country === 'AT' ? 'never' : 'AT' },
  }),
  'rows at other places': (row, i) => ({ ...row, id: i % 2 ? row.id - 100_000 : row.id + 5 }),
};

async function replaced(how: keyof typeof FORGOTTEN) {
  const made = rows.map((row, i) => (isGone(row) ? FORGOTTEN[how]!(row, i) : row));
  const data = await rawDataset(made);
  const gone = data.rowsOf({ subject: 'user 3' });
  return { dataset: data, forget: gone, retain: data.without(gone) };
}

describe('an exact retrain', () => {
  const bare = trainModel(RAW_WIDTHS, dataset, { recipe: 'steady', seed: 1 });
  const METHODS: Record<
    string,
    (request: Omit<Parameters<typeof exactRetrain>[0], 'model'>) => Promise<Model>
  > = {
    ...Object.fromEntries(
      (['recorded', 'choose', 'plain', 'steady', 'fast'] as const).map((recipe) => [
        recipe,
        async (request) => {
          const { model } = await bare;
          return (await exactRetrain({ ...request, model }, { recipe, digest: true })).model;
        },
      ]),
    ),
    'without a recorded recipe': async (request) => {
      const model = (await bare).model.withFacts({ recipe: undefined });
      return (await exactRetrain({ ...request, model }, { digest: true })).model;
    },
    retrain: async (request) => (await retrain({ ...request, model: (await bare).model })).model,
  };

  describe.each(Object.entries(METHODS))('%s', (_, method) => {
    it('is a function of the rows that are left', async () => {
      const expected = await method({ dataset, forget, retain });
      expect(expected.inputMap).toEqual(await fitInputMap(left, left.allRows()));
      expect(expected.inputMap).not.toEqual((await bare).model.inputMap);
      for (const how of Object.keys(FORGOTTEN)) {
        const found = await method(await replaced(how));
        expect(found.hash(), how).toBe(expected.hash());
        expect(found.facts, how).toEqual(expected.facts);
      }
      // A data set of which the subject's rows were erased, and one that never had them.
      const erased = await rawDataset([...rows, { ...rows[0]!, id: -1, subjects: 'other' }]);
      await erased.erase(erased.ids.of(erased.rowsOf({ subject: 'user 3' })));
      const other = erased.rowsOf({ subject: 'other' });
      const split = { forget: other, retain: erased.without(other) };
      expect((await method({ dataset: erased, ...split })).hash()).toBe(expected.hash());
    });
  });

  it.each(['plain', 'steady', 'fast', 'auto'] as const)(
    'equals training on the rows that are left: %s',
    async (recipe) => {
      const { model } = await trainModel(RAW_WIDTHS, dataset, { recipe, seed: 5 });
      const anew = await trainModel(RAW_WIDTHS, left, { recipe, seed: 5, digest: true });
      const again = await exactRetrain(
        { model, dataset, forget, retain },
        { seed: 5, digest: true, ...(recipe === 'auto' && { recipe: 'choose' }) },
      );
      expect(again.model.hash()).toBe(anew.model.hash());
      expect(again.model.facts).toEqual(anew.model.facts);
      expect(again.quality).toEqual(anew.quality);
    },
  );

  it.each<[string, (row: RawRow) => boolean]>([
    ['a class', ({ label }) => label === '2'],
    ['a category', ({ features }) => features.country === 'FR'],
    ['every age that is known', ({ features }) => features.age !== null],
    ['every age that is missing', ({ features }) => features.age === null],
    ['all countries', ({ features }) => features.country !== null],
    ['all but one row', ({ id }) => id !== 40],
  ])('keeps the places of what lost its last row: %s', async (_, isForgotten) => {
    const kept = await rawDataset(rows.filter((row) => !isForgotten(row)));
    const gone = dataset.rowsOf({ ids: rows.filter(isForgotten).map(({ id }) => id) });
    const { model } = await bare;
    const request = { model, dataset, forget: gone, retain: dataset.without(gone) };
    const again = await exactRetrain(request, { seed: 1 });
    const anew = await trainModel(RAW_WIDTHS, kept, { recipe: 'steady', seed: 1 });
    expect(again.model.hash()).toBe(anew.model.hash());
    expect(again.model.inputMap).toEqual(anew.model.inputMap);
    expect(again.model.widths).toEqual(RAW_WIDTHS);
    expect(JSON.stringify(again.model.inputMap)).not.toContain('null');
  });

  it('reports the quality of the original by its own map', async () => {
    const { model } = await bare;
    const { originalQuality } = await exactRetrain({ model, dataset, forget, retain });
    const { accuracy } = await model.evaluate(dataset, retain);
    expect(originalQuality.accuracy).toBeCloseTo(accuracy, 10);
  });
});

describe('Sisa of encoded columns', () => {
  const hashes = ({ shards }: Sisa) =>
    shards.map(({ checkpoints }) => checkpoints.map(({ model }) => model.hash()));
  const subject = { subject: 'user 3' } as const;

  it.each([
    { recipe: 'steady', shards: 3 },
    { recipe: 'fast', shards: 2 },
    { recipe: 'auto', shards: 2 },
    { recipe: 'plain', shards: 2, slices: 2 },
    { recipe: 'plain', shards: 1, slices: 3 },
  ] as const)('forgets as if trained without: %j', async (options) => {
    const sisa = await Sisa.train(RAW_WIDTHS, dataset, { ...options, seed: 2 });
    const forgotten = (await sisa.forget(dataset, forget)).sisa;
    for (const how of [
      'other magnitudes',
      'nothing but missing values',
      'other categories and classes',
    ]) {
      const data = (await replaced(how)).dataset;
      const { name: recipe } = sisa.recipe as { name: RecipeName };
      const other = await Sisa.train(RAW_WIDTHS, data, { ...options, recipe, seed: 2 });
      const found = (await other.forget(data, data.rowsOf(subject))).sisa;
      expect(hashes(found), how).toEqual(hashes(forgotten));
    }
    // Rows that the data set has no more are forgotten by their ids.
    expect(hashes((await sisa.forget(left, [])).sisa)).toEqual(hashes(forgotten));
    const folder = await temporaryFolder();
    await forgotten.save(folder);
    const loaded = await Sisa.load(folder);
    expect(hashes(loaded)).toEqual(hashes(forgotten));
    const list = left.rowSet([...Array(30).keys()]);
    expect(await loaded.ensemble.logits(left, list)).toEqual(
      await forgotten.ensemble.logits(left, list),
    );
    const next = left.rowsOf({ subject: 'user 4' });
    expect(hashes((await loaded.forget(left, next)).sisa)).toEqual(
      hashes((await forgotten.forget(left, next)).sisa),
    );
  });

  it('has in each shard what trainModel makes of its rows, by a map of their own', async () => {
    const sisa = await Sisa.train(RAW_WIDTHS, dataset, { recipe: 'steady', shards: 3 });
    const { sisa: forgotten } = await sisa.forget(dataset, forget);
    const maps = new Set<string>();
    for (const { slices, seeds, checkpoints } of forgotten.shards) {
      const { model } = checkpoints[0]!;
      const options = { recipe: 'steady', rows: slices[0]!.rows, seed: seeds[0]! } as const;
      expect(model.hash()).toBe((await trainModel(RAW_WIDTHS, dataset, options)).model.hash());
      maps.add(JSON.stringify(model.inputMap));
    }
    expect(maps.size).toBe(3);
  });

  it('goes on where all rows of its first slices are forgotten', async () => {
    const options = { recipe: 'plain', shards: 2, slices: 3 } as const;
    let sisa = await Sisa.train(RAW_WIDTHS, dataset, options);
    const folder = await temporaryFolder();
    for (const slice of [0, 1]) {
      const gone = [...sisa.shards[0]!.slices[slice]!.rows];
      sisa = (await sisa.forget(dataset, gone)).sisa;
      await sisa.save(folder);
      sisa = await Sisa.load(folder);
    }
    const [first, second, last] = sisa.shards[0]!.checkpoints;
    expect(first!.model.inputMap).toBeUndefined();
    expect(second!.model.inputMap).toBeUndefined();
    const own = sisa.shards[0]!.slices[2]!.rows;
    expect(last!.model.inputMap).toEqual(await fitInputMap(dataset, own));
    const { sisa: fewer } = await sisa.forget(dataset, [own[0]!]);
    expect(fewer.shards[0]!.slices[2]!.rows).toHaveLength(own.length - 1);
    const rest = dataset.rowSet(own.slice(1));
    expect((await fewer.ensemble.evaluate(dataset, rest)).rows).toBe(own.length - 1);
  });

  it('refuses a data set that is encoded otherwise', async () => {
    const sisa = await Sisa.train(RAW_WIDTHS, dataset, { recipe: 'plain', shards: 2 });
    const plainScore = dataset.encoding!.map((column) =>
      column.kind === 'number' ? { ...column, standardize: false } : column,
    );
    const other = await rawDataset(rows, plainScore);
    await expectCode(() => sisa.forget(other, other.rowsOf(subject)), 'ERR_INVALID_ARGUMENT');
  });
});
