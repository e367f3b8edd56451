import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { trainModel } from '#lethe/training/train-model';
import { expectCode } from '../support/errors.js';
import {
  fromOnnx,
  fromSafetensors,
  loadSafetensors,
  saveSafetensors,
  toOnnx,
  toSafetensors,
} from '../support/everything.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { range, TOY_WIDTHS, toyData } from '../support/toy.js';

const dataset = new Dataset({
  ...toyData({ rows: 300 }),
  ...{ classNames: ['cat', 'dog', 'ünïcorn'], featureNames: range(0, 12).map((i) => `pixel ${i}`) },
});
const trained = trainModel(TOY_WIDTHS, dataset, { recipe: 'steady', digest: true });

/** Whether Debian's Python has the package onnx. */
const hasOnnx = spawnSync('/usr/bin/python3', ['-c', 'import onnx']).status === 0;

describe('what a model knows of itself', () => {
  it('goes through ONNX and safetensors, but for the digest of its data', async () => {
    const { model } = await trained;
    const { dataDigest, ...facts } = model.facts;
    expect(dataDigest).toBeDefined();
    const files = { onnx: await toOnnx(model), safetensors: toSafetensors(model) };
    const imported = [await fromOnnx(files.onnx), fromSafetensors(files.safetensors)];
    for (const { model: same, affine } of imported) {
      expect(same.hash()).toBe(model.hash());
      expect(same.facts).toEqual(facts);
      expect(affine).toEqual(facts.affine);
    }
    for (const bytes of Object.values(files)) {
      expect(Buffer.from(bytes).includes(dataDigest!)).toBe(false);
    }
  });

  it.runIf(hasOnnx)('is read from the metadata by the onnx package of Python', async () => {
    const { model } = await trained;
    const path = join(await temporaryFolder(), 'model.onnx');
    await writeFile(path, await toOnnx(model));
    const script = `
import json, onnx, sys
metadata = {entry.key: entry.value for entry in onnx.load(sys.argv[1]).metadata_props}
print(json.dumps({name: json.loads(metadata[name]) for name in ('class_names', 'feature_names', 'recipe')}))`;
    const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script, path], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ...{ class_names: dataset.classNames, feature_names: dataset.featureNames },
      recipe: { name: 'steady' },
    });
  });

  it('is nothing in the file of a model that knows nothing', async () => {
    const model = Model.create([2, 3]);
    expect((await fromOnnx(await toOnnx(model))).model.facts).toEqual({});
    expect(fromSafetensors(toSafetensors(model)).model.facts).toEqual({});
  });

  it('is not taken from the words of other programs', async () => {
    const { model } = await trained;
    const { tensors } = decodeSafetensors(toSafetensors(model));
    const metadata = { format: 'pt', recipe: 'two cups of flour', class_names: 'none' };
    expect(fromSafetensors(encodeSafetensors({ metadata, tensors })).model.facts).toEqual({});
  });

  it('is refused where it is not what it should be', async () => {
    const { model } = await trained;
    const { tensors, metadata } = decodeSafetensors(toSafetensors(model));
    const path = join(await temporaryFolder(), 'model.safetensors');
    for (const class_names of ['["a"]', '[1, 2, 3]', 'cat']) {
      await writeFile(path, encodeSafetensors({ metadata: { ...metadata, class_names }, tensors }));
      await expectCode(() => loadSafetensors(path), 'ERR_INVALID_MODEL');
    }
    await saveSafetensors(model, path);
    expect((await loadSafetensors(path)).model.classNames).toEqual(dataset.classNames);
  });
});
