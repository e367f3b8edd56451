// Starts a run that would practically never end, so that something has to stop it.
import { Dataset } from '#lethe/engine/dataset';
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
