import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import type { ModelFacts } from '#lethe/engine/model-facts';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { retrain } from '#lethe/unlearn/exact/retrain';
import { expectCode, wrong } from '../support/errors.js';
import { fineTune, kfac, lowRank } from '../support/everything.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { range, TOY_WIDTHS, toyData } from '../support/toy.js';

const classNames = ['cat', 'dog', 'ünïcorn'];
const featureNames = range(0, 12).map((i) => `pixel ${i}`);
const data = { ...toyData({ rows: 300 }), classNames, featureNames };
const dataset = new Dataset(data);
const schema = { classNames, featureNames, affine: data.affine };
const trained = trainModel(TOY_WIDTHS, dataset, { recipe: 'steady', digest: true });

describe('what a model knows of itself', () => {
  it('is the schema of its data, its recipe, and the digest of its rows if that is asked for', async () => {
    const { model } = await trained;
    const dataDigest = await dataset.digest();
    expect(model.facts).toEqual({ ...schema, recipe: { name: 'steady' }, dataDigest });
    expect(model.classNames).toEqual(classNames);
    const rows = range(20, 300);
    const part = await trainModel(TOY_WIDTHS, dataset, { recipe: 'plain', rows });
    expect(part.model.facts).toEqual({ ...schema, recipe: { name: 'plain' } });
    const again = await exactRetrain(
      { model, dataset, forget: range(0, 20), retain: rows },
      { digest: true },
    );
    expect(again.model.facts.dataDigest).toBe(await dataset.digest(rows));
    expect(again.model.facts.dataDigest).not.toBe(dataDigest);
  });

  it('is nothing that its data do not say', async () => {
    const unnamed = new Dataset(toyData({ rows: 300 }));
    const { model } = await trainModel(TOY_WIDTHS, unnamed, { recipe: 'plain' });
    expect(model.facts).toEqual({ affine: data.affine, recipe: { name: 'plain' } });
    const { affine: _, ...rest } = data;
    const floats = new Dataset({ ...rest, features: dataset.normalized(dataset.allRows()) });
    const of = await trainModel(TOY_WIDTHS, floats, { recipe: 'plain' });
    expect(of.model.facts).toEqual({ classNames, featureNames, recipe: { name: 'plain' } });
    // Of a class more than the data set has, nobody knows the name.
    const wide = await trainModel([...TOY_WIDTHS.slice(0, -1), 4], floats, { recipe: 'plain' });
    expect(wide.model.facts).toEqual({ featureNames, recipe: { name: 'plain' } });
    expect(Model.create(TOY_WIDTHS).facts).toEqual({});
  });

  it('has no column names where the data have a column twice', async () => {
    const twice = dataset.select(dataset.allRows(), { columns: [0, 0, 1] });
    const { model } = await trainModel([3, 4, 3], twice, { recipe: 'plain' });
    expect(twice.featureNames).toEqual(['pixel 0', 'pixel 0', 'pixel 1']);
    expect(model.facts.featureNames).toBeUndefined();
    const { model: two } = await trainModel([2, 4, 3], dataset.select([0, 1], { columns: [1, 0] }));
    expect(two.facts.featureNames).toEqual(['pixel 1', 'pixel 0']);
  });

  it('goes with the model through files, copies and methods, but for the digest', async () => {
    const { model } = await trained;
    const path = join(await temporaryFolder(), 'model.safetensors');
    await model.save(path);
    for (const same of [await Model.load(path), model.clone()]) {
      expect(same.facts).toEqual(model.facts);
      expect(same.hash()).toBe(model.hash());
    }
    const { dataDigest: _, ...kept } = model.facts;
    const request = { model, dataset, forget: range(0, 20), retain: range(20, 300) };
    for (const method of [fineTune, kfac, lowRank]) {
      expect((await method(request)).model.facts).toEqual(kept);
    }
    expect((await retrain(request)).model.facts).toEqual(schema);
  });

  it('stands in the file as JSON that other programs read', async () => {
    const { model } = await trained;
    const path = join(await temporaryFolder(), 'model.safetensors');
    await model.save(path);
    const { metadata } = decodeSafetensors(await readFile(path));
    expect(JSON.parse(metadata.class_names!)).toEqual(classNames);
    expect(JSON.parse(metadata.feature_names!)).toEqual(featureNames);
    expect(JSON.parse(metadata.affine!)).toEqual(data.affine);
    expect(metadata.data_digest).toBe(model.facts.dataDigest);
  });

  it('is no digest of rows any more once the parameters change', async () => {
    const { model } = await trained;
    const { dataDigest: _, ...kept } = model.facts;
    const same = model.withFacts({});
    expect(same.facts).toEqual(model.facts);
    await same.train(dataset, { maxSteps: 1 });
    expect(same.facts).toEqual(kept);
    // The model that it was made of is another one.
    expect(model.facts.dataDigest).toBeDefined();
    expect(model.hash()).not.toBe(same.hash());
    expect(model.withParameters(same.parameters()).facts).toEqual(kept);
  });

  it('can be told to it, and forgotten', async () => {
    const model = Model.create([2, 3]).withFacts({ classNames });
    const named = model.withFacts({ featureNames: ['a', 'b'] });
    expect(named.facts).toEqual({ classNames, featureNames: ['a', 'b'] });
    expect(named.withFacts({ classNames: undefined }).facts).toEqual({ featureNames: ['a', 'b'] });
    expect(model.facts).toEqual({ classNames });
    expect(Object.isFrozen(named.facts)).toBe(true);
    expect(Object.isFrozen(named.classNames)).toBe(true);
  });

  it('has no negative zero in its input map, which its file would not keep', async () => {
    const number = { kind: 'number', missing: 0, standardize: true } as const;
    const inputMap = { columns: [{ ...number, fill: -0, centre: -0, scale: 2 }] };
    const model = Model.create([2, 3]).withFacts({ inputMap });
    const path = join(await temporaryFolder(), 'model.safetensors');
    await model.save(path);
    const [column] = model.inputMap!.columns;
    expect(column).toMatchObject({ fill: 0, centre: 0 });
    expect((await Model.load(path)).inputMap).toEqual(model.inputMap);
  });

  it.each<[string, ModelFacts]>([
    ['names of too few classes', { classNames: ['a'] }],
    ['a class named twice', { classNames: ['a', 'b', 'a'] }],
    ['names of too many columns', { featureNames: ['a', 'b', 'c'] }],
    ['a map that is not finite', { affine: { scale: Number.NaN, offset: 0 } }],
    ['half a map', { affine: wrong({ scale: 1 }) }],
    [
      'an affine map of raw values beside an input map',
      {
        affine: { scale: 1, offset: 0 },
        inputMap: { columns: [{ kind: 'number' }, { kind: 'number' }] },
      },
    ],
    ['a digest that is none', { dataDigest: 'abc' }],
    ['what nobody knows', wrong({ colour: 'red' })],
  ])('is not %s', async (_, facts) => {
    await expectCode(() => Model.create([2, 3]).withFacts(facts), 'ERR_INVALID_ARGUMENT');
  });

  it.each([
    ['class_names', '["a"]'],
    ['class_names', '["a","b",3]'],
    ['class_names', 'null'],
    ['class_names', '"abc"'],
    ['feature_names', '[1'],
    ['affine', '{"scale":1}'],
    ['affine', '[1,0]'],
    ['data_digest', ''],
  ])('is refused in a file: %s %s', async (key, text) => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    await Model.create([2, 3]).save(path);
    const { metadata, tensors } = decodeSafetensors(await readFile(path));
    await writeFile(path, encodeSafetensors({ metadata: { ...metadata, [key]: text }, tensors }));
    await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
  });
});

describe('names instead of numbers', () => {
  it('are those of the likeliest classes', async () => {
    const { model } = await trained;
    const rows = range(0, 40);
    const bytes = data.features.slice(0, 40 * 12);
    const expected = rows.map((row) => classNames[data.labels[row]!]);
    expect(model.predictNames(bytes)).toEqual(expected);
    expect(model.predictNames(dataset.normalized(rows))).toEqual(expected);
    // Bytes are mapped as those that the model was trained on, unless another map is given.
    expect(model.predict(bytes)).toEqual(model.predict(bytes, data.affine));
    expect(model.predict(bytes, { scale: 1, offset: 0 })).not.toEqual(model.predict(bytes));
  });

  it('are those of an ensemble too, if its members agree', async () => {
    const { model } = await trained;
    const other = model.withFacts({ classNames: ['a', 'b', 'c'] });
    const bytes = data.features.slice(0, 40 * 12);
    expect(new Ensemble([{ model, weight: 1 }]).predictNames(bytes)).toEqual(
      model.predictNames(bytes),
    );
    const two = new Ensemble([model, other].map((member) => ({ model: member, weight: 1 })));
    expect(two.classNames).toBeUndefined();
    await expectCode(() => two.predictNames(bytes), 'ERR_INVALID_ARGUMENT');
  });

  it('need names', async () => {
    const { message } = await expectCode(
      () => Model.create([2, 3]).predictNames(new Float32Array(2)),
      'ERR_INVALID_ARGUMENT',
    );
    expect(message).toContain('withFacts');
  });
});

describe('data of another schema than the model knows', () => {
  const { features: _, ...rest } = data;
  const { affine: __, ...unmapped } = rest;
  const swapped = [featureNames[1]!, featureNames[0]!, ...featureNames.slice(2)];
  const others: [string, Dataset, RegExp][] = [
    [
      'classes in another order',
      new Dataset({ ...data, classNames: ['dog', 'cat', 'ünïcorn'] }),
      /class 0 of toy is "dog", but that of the model is "cat".*classNames: model\.classNames/,
    ],
    [
      'columns in another order',
      new Dataset({ ...data, featureNames: swapped }),
      /column 0 of toy/,
    ],
    [
      'another normalization of bytes',
      new Dataset({ ...data, affine: { scale: 1, offset: 0 } }),
      /toy is mapped by/,
    ],
    [
      'raw values as if they were mapped',
      new Dataset({ ...unmapped, features: Float32Array.from(data.features) }),
      /toy has float32 features as they are/,
    ],
  ];

  it.each(others)('is refused: %s', async (_, other, message) => {
    const { model } = await trained;
    const request = { model, dataset: other, forget: [0], retain: range(1, 300) };
    for (const call of [
      () => model.evaluate(other, [0]),
      () => model.logits(other, [0]),
      () => model.fisher(other, [0], { mode: 'perRow' }),
      () => model.clone().train(other),
      () => exactRetrain(request),
      () => fineTune(request),
    ]) {
      expect((await expectCode(call, 'ERR_INVALID_ARGUMENT')).message).toMatch(message);
    }
  });

  it('is taken where nothing is known of it, and where the last classes have no rows left', async () => {
    const { model } = await trained;
    const { classNames: _c, featureNames: _f, affine: _a, ...unnamed } = rest;
    const affine = { ...data.affine, applied: true };
    const floats = new Dataset({
      ...{ ...unnamed, affine },
      features: dataset.normalized(dataset.allRows()),
    });
    expect((await model.evaluate(floats, [0, 1])).accuracy).toBe(100);
    const two = range(0, 300).filter((row) => data.labels[row]! < 2);
    const fewer = new Dataset({
      ...{ ...unnamed, affine, rows: two.length, classes: 2, classNames: ['cat', 'dog'] },
      features: dataset.normalized(two),
      labels: Uint32Array.from(two, (row) => data.labels[row]!),
    });
    expect((await model.evaluate(fewer, [0, 1])).accuracy).toBe(100);
  });

  it('is not made by a class that has lost its last row: it keeps its place and name', async () => {
    const { model } = await trained;
    const forget = range(0, 300).filter((row) => data.labels[row] === 1);
    const retain = dataset.without(forget);
    const result = await exactRetrain({ model, dataset, forget, retain });
    expect(result.model.facts.classNames).toEqual(classNames);
    // The same bits and names where the class is physically gone, with the same schema.
    const left = dataset.select(retain);
    const again = await trainModel(TOY_WIDTHS, left, { recipe: 'steady' });
    expect(again.model.hash()).toBe(result.model.hash());
    expect(again.model.facts).toEqual(result.model.facts);
  });
});
