import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { Model } from '#lethe/engine/model';
import { trainModel } from '#lethe/training/train-model';
import { expectCode, wrong } from '../support/errors.js';
import { RAW_INPUTS, RAW_NAMES, RAW_WIDTHS, rawDataset, rawRows } from '../support/raw-rows.js';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

const rows = rawRows(1200);
const dataset = await rawDataset(rows);
const inputMap = await fitInputMap(dataset, dataset.allRows());
const inputs = await inputRows({ inputMap }, dataset);
/** The same rows as inputs that nobody has to encode. */
const plain = new Dataset({
  ...{ name: 'plain', rows: dataset.rows, columns: RAW_INPUTS, classes: 3, ids: dataset.ids },
  ...{ features: inputs.normalized(dataset.allRows()), labels: dataset.labels },
  subjects: rows.map(({ subjects }) => subjects!),
});

describe('trainModel on columns that are encoded', () => {
  it.each(['plain', 'steady', 'fast', 'auto'] as const)(
    'is training on their inputs, by a map of all rows: %s',
    async (recipe) => {
      const encoded = await trainModel(RAW_WIDTHS, dataset, { recipe, seed: 3 });
      const expected = await trainModel(RAW_WIDTHS, plain, { recipe, seed: 3 });
      expect(encoded.model.inputMap).toEqual(inputMap);
      expect(encoded.recipe).toEqual(expected.recipe);
      expect(encoded.quality).toEqual(expected.quality);
      expect(encoded.model.parameters()).toEqual(expected.model.parameters());
      expect(encoded.model.hash()).toBe(expected.model.withFacts({ inputMap }).hash());
      expect(encoded.multiplyAdds).toBeGreaterThan(expected.multiplyAdds);
      expect(encoded.seconds).toHaveProperty('encode');
    },
  );

  it('tells the model what the data set knows', async () => {
    const list = dataset.rowSet([...Array(300).keys()]);
    const options = { recipe: 'plain', rows: list, digest: true } as const;
    const { model } = await trainModel(RAW_WIDTHS, dataset, options);
    expect(model.facts).toEqual({
      ...{ recipe: { name: 'plain' }, classNames: ['0', '1', '2'], featureNames: RAW_NAMES },
      inputMap: await fitInputMap(dataset, list),
      dataDigest: await dataset.digest(list),
    });
  });

  it('has the same bits for any number of threads', async () => {
    const hashes = new Set<string>();
    for (const threads of [1, 2, 5]) {
      const again = await rawDataset(rows);
      const { model } = await trainModel(RAW_WIDTHS, again, { recipe: 'steady', threads });
      hashes.add(model.hash());
    }
    expect(hashes.size).toBe(1);
  });

  it('learns from constant, missing and huge columns', async () => {
    const made = rows.slice(0, 200).map(({ label }, row) => ({
      label,
      features: [5, null, (row % 2 ? 1 : -1) * 3e37, row % 7],
    }));
    const standardized = { kind: 'number', standardize: true } as const;
    const missing = { ...standardized, missing: 'mean' } as const;
    const encode = [standardized, missing, standardized, { kind: 'number' } as const];
    const all = await Dataset.from(made, { encode });
    for (const recipe of ['plain', 'steady', 'fast'] as const) {
      const { model } = await trainModel([all.inputs, 8, 3], all, { recipe });
      expect(model.inputMap!.columns.slice(0, 3)).toMatchObject([
        { centre: 5, scale: 1 },
        { fill: 0, centre: 0, scale: 1 },
        { centre: 0, scale: Math.fround(3e37) },
      ]);
      expect((await model.evaluate(all, all.allRows())).loss).toBeLessThan(2);
    }
  });

  it('refuses widths of the columns instead of their inputs, and wrong options', async () => {
    const error = await expectCode(() => trainModel([4, 8, 3], dataset), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain(`${RAW_INPUTS} inputs`);
    for (const options of [{ threads: '2' }, { threads: 0 }, { digest: 1 }, { owners: [1] }]) {
      const run = () => trainModel(RAW_WIDTHS, dataset, wrong(options));
      await expectCode(run, 'ERR_INVALID_ARGUMENT');
    }
  });

  it('ends where its signal aborts', async () => {
    for (const recipe of ['plain', 'steady', 'fast', 'auto'] as const) {
      const signal = AbortSignal.abort();
      await expectCode(() => trainModel(RAW_WIDTHS, dataset, { recipe, signal }), 'ERR_ABORTED');
    }
    const again = await rawDataset(rows);
    const controller = new AbortController();
    const run = trainModel(RAW_WIDTHS, again, { recipe: 'plain', signal: controller.signal });
    await expectCode(() => again.erase([0]), 'ERR_BUSY');
    // While rows are being encoded.
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
    await again.erase([0]);
  });
});

it.each([
  ['encoded', dataset, RAW_WIDTHS],
  ['plain', toyDataset({ rows: 1200 }), TOY_WIDTHS],
] as const)(
  'owners of %s rows are those of the call, whatever becomes of them',
  async (...args) => {
    const [, data, widths] = args;
    const owners = () => Uint32Array.from({ length: 1200 }, (_, row) => row % 60);
    const expected = await trainModel(widths, data, { owners: owners() });
    const own = owners();
    const run = trainModel(widths, data, { owners: own });
    own.fill(0);
    const { choice, model } = await run;
    expect(choice!.reasons).toEqual(expected.choice!.reasons);
    expect(model.hash()).toBe(expected.model.hash());
  },
);

it('Model.train by a map has the digest of no rows', async () => {
  const facts = { inputMap, dataDigest: await dataset.digest() };
  const model = Model.create(RAW_WIDTHS).withFacts(facts);
  await model.train(dataset);
  expect(model.facts).toEqual({ inputMap });
});
