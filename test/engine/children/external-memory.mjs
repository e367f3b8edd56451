// Has V8 say how much memory outside its heap has been reported to it, in KB, a line for each time: with
// nothing, with models, with some that have predicted, with one that was changed, with nothing, with data
// sets, with data sets made of them, with raw values that two models have encoded one after the other,
// with nothing. No figure of process.memoryUsage() holds it. Needs
// --expose-gc.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { fitInputMap, mapDataset } from '#lethe/engine/index';
import { Dataset, Model } from '#lethe/index';

const TRACES = ['trace-gc', 'trace-gc-verbose'];

async function report() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    // Finalizers of native objects run in a turn of their own.
    await setImmediate();
  }
  for (const flag of TRACES) setFlagsFromString(`--${flag}`);
  globalThis.gc();
  for (const flag of TRACES) setFlagsFromString(`--no-${flag}`);
}

const source = {
  name: 'rows',
  rows: 1000,
  columns: 784,
  classes: 10,
  features: new Uint8Array(784_000),
  affine: { scale: 1, offset: 0 },
  labels: new Uint32Array(1000),
};
const weights = new Float32Array(50 * 784);
const bias = new Float32Array(50);

await report();
let models = Array.from({ length: 20 }, (_, seed) => Model.create([1000, 249, 4], { seed }));
models.push(...models.map((model) => model.clone()));
await report();
// In a function of its own, because the variable of a loop here would keep the last model.
models.slice(0, 10).forEach((model) => {
  model.predict(new Float32Array(1000));
});
await report();
await models[0].train(
  new Dataset({
    ...{ name: 'a row', rows: 1, columns: 1000, classes: 4 },
    ...{ features: new Float32Array(1000), labels: new Uint32Array(1) },
  }),
);
await report();
models = undefined;
await report();
let datasets = Array.from({ length: 10 }, () => new Dataset(source));
await report();
datasets.push(datasets[0].select(datasets[0].allRows(), {}));
datasets.push(await mapDataset(datasets[0], { weights, bias }));
await report();
datasets = undefined;
let raw = rawDataset();
for (const rows of [
  [0, 1],
  [2, 3],
]) {
  await encode(rows);
}
await report();
raw = undefined;
await report();

function rawDataset() {
  const { affine: _, columns, ...rest } = source;
  const encoding = Array.from({ length: columns }, () => ({ kind: 'number', standardize: true }));
  const features = Float32Array.from({ length: 784_000 }, (_, i) => i % 1000);
  return new Dataset({ ...rest, columns, features, encoding });
}

async function encode(rows) {
  const inputMap = await fitInputMap(raw, rows);
  await Model.create([784, 10]).withFacts({ inputMap }).logits(raw, [0]);
}
