// Makes, uses and drops everything that holds native memory, 75 times; prints the resident memory outside the
// heap of JavaScript, MiB, after 25 and after all of them. Needs --expose-gc.
import { setImmediate } from 'node:timers/promises';
import { fromOnnx, toOnnx } from '#lethe/formats/index';
import { Dataset, Model, openStore, retrain } from '#lethe/index';

const WIDTHS = [784, 256, 10];
const ROWS = 1000;
const labels = Uint32Array.from({ length: ROWS }, (_, row) => row % 10);
const source = {
  name: 'rows',
  rows: ROWS,
  columns: 784,
  classes: 10,
  features: Uint8Array.from({ length: 784 * ROWS }, (_, i) => (i * 7919) % 256),
  affine: { scale: 1 / 255, offset: 0 },
  labels,
};

async function cycle(seed) {
  const dataset = new Dataset(source);
  const store = await openStore();
  const subjects = ['ada', 'bob'];
  await store.ingest({ subjects, owners: labels.map((label) => label % 2) }, labels);
  const split = await store.delete('ada');
  const model = Model.create(WIDTHS, { seed });
  await model.train(dataset, { epochs: 1, seed });
  const { model: retrained } = await retrain({ model: model.clone(), dataset, ...split });
  const { model: imported } = await fromOnnx(await toOnnx(retrained, { dataset }));
  await imported.evaluate(dataset, split.retain);
  await store.close();
}

async function nativeMemory() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    // Finalizers of native objects run in a separate turn of the event loop.
    await setImmediate();
  }
  const { rss, heapTotal } = process.memoryUsage();
  return (rss - heapTotal) / 2 ** 20;
}

const seen = [];
for (let i = 1; i <= 75; i++) {
  await cycle(i);
  if (i === 25 || i === 75) seen.push(await nativeMemory());
}
console.log(JSON.stringify(seen));
