// Starts a run that would practically never end, so that something has to stop it.
import { Dataset } from '#lethe/engine/dataset';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import { Model } from '#lethe/engine/model';

const rows = 64;
const dataset = new Dataset({
  name: 'endless',
  rows,
  columns: 8,
  classes: 2,
  features: Uint8Array.from({ length: rows * 8 }, (_, i) => (i * 37) % 256),
  affine: { scale: 1 / 255, offset: 0 },
  labels: Uint32Array.from({ length: rows }, (_, row) => row % 2),
});

export const train = (options) => newModel().train(dataset, { learningRate: 1e-6, ...options });
export const trainEndlessly = (options) => train({ epochs: 1e9, ...options });
export const newModel = () => Model.create([8, 64, 2], { seed: 1 });

export async function trainedHash() {
  const model = newModel();
  await model.train(dataset, { epochs: 3 });
  return model.hash();
}

/** Of a model that encodes raw values. */
export async function encodedHash() {
  const raw = new Dataset({
    ...{ name: 'raw', rows, columns: 2, classes: 2, labels: dataset.labels },
    features: Float32Array.from({ length: rows * 2 }, (_, i) =>
      i % 6 ? (i * 37) % 3 : Number.NaN,
    ),
    encoding: [
      { kind: 'number', missing: 'mean', standardize: true },
      { kind: 'category', categories: ['a', 'b', 'c'] },
    ],
  });
  const inputMap = await fitInputMap(raw, raw.allRows());
  const model = Model.create([raw.inputs, 64, 2], { seed: 1 }).withFacts({ inputMap });
  await model.train(raw, { epochs: 3 });
  return model.hash();
}
