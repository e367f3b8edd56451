import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { toOnnx } from '#lethe/formats/export-model';
import { fromOnnx } from '#lethe/formats/import-model';
import { trainModel } from '#lethe/training/train-model';
import { toyData } from '../support/toy.js';

const data = toyData({ rows: 300, columns: 4 });
const { affine, ...unmapped } = data;
const bytes = new Dataset(data);
const raw = Float32Array.from(data.features);
const all = bytes.allRows().positions;

describe('raw float32 features with an affine map', () => {
  const mapped = new Dataset({ ...data, features: raw });

  it('are what bytes of the same values and map are', () => {
    expect(mapped.normalized(all)).toEqual(bytes.normalized(all));
    expect(mapped.storage).toBe('float32');
    expect(mapped.affine).toEqual({ scale: 1, offset: 0 });
    expect(mapped.mappedBy).toEqual(affine);
    expect(raw).toEqual(Float32Array.from(data.features));
  });

  it('may have gone through it already', () => {
    const features = bytes.normalized(all);
    const before = new Dataset({ ...data, features, affine: { ...affine, applied: true } });
    expect(before.normalized(all)).toEqual(features);
    expect(before.mappedBy).toEqual(affine);
  });

  it('stream in as numbers', async () => {
    const rows = Array.from({ length: 300 }, (_, row) => ({
      label: data.labels[row]!,
      features: [...raw.subarray(4 * row, 4 * row + 4)],
    }));
    const streamed = await Dataset.from(rows, { affine });
    expect(streamed.normalized(all)).toEqual(bytes.normalized(all));
    expect(streamed.mappedBy).toEqual(affine);
  });

  it('are left as they are by a map that changes nothing, -0 too', async () => {
    const identity = { scale: 1, offset: 0 };
    const streamed = await Dataset.from([{ label: 'a', features: [-0, 2] }], { affine: identity });
    const made = new Dataset({
      ...{ name: 'rows', rows: 1, columns: 2, classNames: ['a'], affine: identity },
      ...{ features: Float32Array.of(-0, 2), labels: Uint32Array.of(0) },
    });
    expect(await streamed.digest()).toBe(await made.digest());
    expect(streamed.mappedBy).toBe(made.mappedBy);
  });

  it('keep their map in selections', () => {
    expect(mapped.select([3, 1]).mappedBy).toEqual(affine);
  });

  it('make a model that takes bytes, and the other way round', async () => {
    const options = { recipe: 'plain' } as const;
    const ofFloats = (await trainModel([4, 8, 3], mapped, options)).model;
    const ofBytes = (await trainModel([4, 8, 3], bytes, options)).model;
    expect(ofFloats.facts.affine).toEqual(affine);
    for (const model of [ofFloats, ofBytes]) {
      const logits = await model.logits(bytes, all);
      const others = [
        await model.logits(mapped, all),
        model.predict(data.features),
        model.predict(raw, affine),
      ];
      for (const own of others) {
        for (const [i, logit] of logits.entries()) expect(own[i]).toBeCloseTo(logit, 4);
      }
    }
  });

  it('keep their map in an export, where a data set without one has none', async () => {
    const { model } = await trainModel([4, 8, 3], mapped, { recipe: 'plain' });
    const onnx = await fromOnnx(await toOnnx(model, { dataset: mapped }));
    expect(onnx.affine).toEqual(affine);
    const plain = new Dataset({ ...unmapped, features: raw });
    expect(plain.mappedBy).toBeUndefined();
    await expect(model.evaluate(plain, [0])).rejects.toThrow(/affine: model\.facts\.affine/);
  });
});
