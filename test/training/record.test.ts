import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { decodeModel, encodeModel } from '#lethe/engine/model-file';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import type { RecordedRecipe } from '#lethe/engine/training-recipe';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import * as methods from '#lethe/unlearn/index';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { range, TOY_WIDTHS, toyData } from '../support/toy.js';

const data = toyData();
const dataset = new Dataset(data);
const forget = range(0, 30);
const retain = range(30, 300);
const RECORD = { name: 'steady', epochs: 30 };
const trained = trainModel(TOY_WIDTHS, dataset, { recipe: 'steady', epochs: 30 });

describe('the record of a recipe', () => {
  it.each<[TrainModelOptions, object]>([
    [{ recipe: 'steady' }, { name: 'steady' }],
    [
      { recipe: 'steady', epochs: 1.5 },
      { name: 'steady', epochs: 1.5 },
    ],
    [
      { recipe: 'fast', components: false, hardestShare: 0, steps: 3 },
      { name: 'fast', components: false, hardestShare: 0, steps: 3 },
    ],
    [{ recipe: 'plain' }, { name: 'plain' }],
  ])('holds its name and what was given: %j', async (options, expected) => {
    const { model, recipe } = await trainModel(TOY_WIDTHS, dataset, options);
    expect(recipe).toEqual(expected);
    expect(model.recipe).toEqual(expected);
    expect(Object.isFrozen(model.recipe)).toBe(true);
  });

  it('is what auto chose, and no more: no statistic of any row', async () => {
    const { model, recipe, choice } = await trainModel(TOY_WIDTHS, dataset);
    expect(recipe).toBe(choice!.recipe);
    expect(model.recipe).toEqual(recipe);
    expect(Object.keys(recipe).filter((key) => !['name', 'epochs'].includes(key))).toEqual([]);
  });

  it('is none of a model that trainModel did not make', async () => {
    const model = Model.create(TOY_WIDTHS);
    await model.train(dataset, { epochs: 1 });
    expect(model.recipe).toBeUndefined();
    const retrained = await exactRetrain({ model, dataset, forget, retain });
    expect(retrained.model.recipe).toBeUndefined();
  });

  it('does not change the hash, nor do two records', async () => {
    const { model } = await trained;
    const bare = Model.fromParameters(TOY_WIDTHS, model.parameters());
    expect(bare.hash()).toBe(model.hash());
    expect(bare.recipe).toBeUndefined();
  });

  it('stays with clones, training and other parameters', async () => {
    const { model } = await trained;
    const clone = model.clone();
    await clone.train(dataset, { epochs: 1 });
    expect(clone.recipe).toEqual(RECORD);
    expect(model.withParameters(clone.parameters()).recipe).toEqual(RECORD);
  });

  const someRows = { dataset, forget, retain };
  const isForgotten = (row: number) => data.labels[row] === 0;
  const all = range(0, 300);
  const aClass = {
    ...{ dataset, forget: all.filter(isForgotten) },
    retain: all.filter((row) => !isForgotten(row)),
  };
  const approximate = Object.entries(methods).filter(
    ([name]) => !['Sisa', 'exactRetrain', 'retrain', 'amnesiac'].includes(name),
  );
  it.each(approximate)('stays with %s', async (name, method) => {
    const { model } = await trained;
    const run = method as methods.UnlearningMethod<methods.UnlearningOptions>;
    for (const request of name === 'rowRemoval' ? [aClass] : [someRows, aClass]) {
      const result = await run({ model, ...request });
      expect(result.model.recipe).toEqual(RECORD);
    }
  });

  it('stays with amnesiac, which replays the training', async () => {
    const { model, recipe } = await trainModel(TOY_WIDTHS, dataset, { recipe: 'plain' });
    const result = await methods.amnesiac({ model, ...someRows });
    expect(result.model.recipe).toEqual(recipe);
    expect(result.model.hash()).not.toBe(model.hash());
  });

  it('is used by exactRetrain, also after an approximate method and from a file', async () => {
    const { model } = await trained;
    const expected = await trainModel(TOY_WIDTHS, dataset, {
      ...{ recipe: 'steady', epochs: 30, rows: retain, seed: 8 },
    });
    const path = join(await temporaryFolder(), 'model.safetensors');
    await model.save(path);
    const tuned = await methods.fineTune({ model, dataset, forget, retain });
    for (const from of [model, await Model.load(path), tuned.model]) {
      const result = await exactRetrain({ model: from, dataset, forget, retain }, { seed: 8 });
      expect(result.model.hash()).toBe(expected.model.hash());
      expect(result.recipe).toEqual(RECORD);
      expect(result.model.recipe).toEqual(RECORD);
      expect(result.reasons).toEqual(expected.reasons);
      expect(result.choice).toBeUndefined();
    }
  });
});

describe('the record in a file', () => {
  const { parameters, widths } = {
    widths: TOY_WIDTHS,
    parameters: Model.create(TOY_WIDTHS).parameters(),
  };
  /** A file with this text for the recipe. */
  function fileWith(recipe: string): Uint8Array {
    const { metadata, tensors } = decodeSafetensors(encodeModel({ widths, parameters, facts: {} }));
    return encodeSafetensors({ metadata: { ...metadata, recipe }, tensors });
  }

  it('is read as it was written', async () => {
    const { model } = await trained;
    const path = join(await temporaryFolder(), 'model.safetensors');
    await model.save(path);
    const loaded = await Model.load(path);
    expect(loaded.recipe).toEqual(RECORD);
    expect(loaded.hash()).toBe(model.hash());
    const { metadata } = decodeSafetensors(await readFile(path));
    expect(JSON.parse(metadata.recipe!)).toEqual(RECORD);
  });

  it('is not in the file of a model without one', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    await Model.create(TOY_WIDTHS).save(path);
    expect(decodeSafetensors(await readFile(path)).metadata).not.toHaveProperty('recipe');
    expect((await Model.load(path)).recipe).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"name"'],
    ['null', 'null'],
    ['a text', '"steady"'],
    ['a list', '["steady"]'],
    ['no name', '{"epochs":5}'],
    ['a number for a name', '{"name":5}'],
    ['a list within', '{"name":"steady","rows":[1,2]}'],
    ['an object within', '{"name":"steady","of":{}}'],
    ['null within', '{"name":"steady","epochs":null}'],
    ['a number beyond all', '{"name":"steady","epochs":1e999}'],
    ['far too much', `{"name":"steady","note":"${'x'.repeat(5000)}"}`],
  ])('is refused: %s', async (_, recipe) => {
    const bytes = fileWith(recipe);
    await expectCode(() => decodeModel(bytes), 'ERR_INVALID_MODEL');
    const path = join(await temporaryFolder(), 'model.safetensors');
    await writeFile(path, bytes);
    await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
  });

  const unknown: [string, RecordedRecipe][] = [
    ['another recipe', { name: 'marathon' }],
    ['a name of every object', { name: 'constructor' }],
    ['the recipe auto', { name: 'auto' }],
    ['another hyper-parameter', { name: 'steady', warmUp: 0.2 }],
    ['one of another recipe', { name: 'plain', epochs: 5 }],
    ['no epochs', { name: 'steady', epochs: 0 }],
    ['epochs in words', { name: 'steady', epochs: '5' }],
    ['epochs without end', { name: 'steady', epochs: 1e6 }],
    ['an invalid share', { name: 'fast', hardestShare: 2 }],
    ['a learning rate in words', { name: 'fast', learningRate: 'high' }],
  ];
  // On rows and widths for which fast is made, so that its hyper-parameters count.
  const big = new Dataset(toyData({ rows: 1100 }));
  const bigWidths = [12, 32, 3];
  const request = { dataset: big, forget: [0], retain: range(1, 1100) };

  it.each(unknown)('is read, but not trained by: %s', async (_, recipe) => {
    const encoded = encodeModel({
      ...{ widths: bigWidths, parameters: Model.create(bigWidths).parameters() },
      facts: { recipe },
    });
    const path = join(await temporaryFolder(), 'model.safetensors');
    await writeFile(path, encoded);
    const model = await Model.load(path);
    expect(model.recipe).toEqual(recipe);
    expect(await model.logits(big, [0])).toHaveLength(3);
    const call = () => exactRetrain({ model, ...request });
    const { message } = await expectCode(call, 'ERR_INVALID_MODEL');
    expect(message).toContain(JSON.stringify(recipe));
    // A recipe that is named takes its place.
    const result = await exactRetrain({ model, ...request }, { recipe: 'plain' });
    const expected = await trainModel(bigWidths, big, { recipe: 'plain', rows: request.retain });
    expect(result.model.hash()).toBe(expected.model.hash());
    expect(result.model.recipe).toEqual({ name: 'plain' });
  });

  it('cannot be set on a model', async () => {
    const { model } = await trained;
    expect(() => {
      wrong(model.recipe).epochs = 7;
    }).toThrow(TypeError);
    expect(model.recipe).toEqual(RECORD);
  });
});
