// Prints the hash of everything that the engine computes, for a number of threads.

import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { parameterHash } from '#lethe/engine/parameter-hash';
import { fisherScrub } from '#lethe/unlearn/approximate/fisher-scrub';

const [threads, kind] = [Number(process.argv[2]), process.argv[3]];
const [rows, columns, classes] = [300, 70, 5];
const word = (i) => Math.imul(i + 1, 0x9e3779b1) >>> 0;
const bytes = Uint8Array.from({ length: rows * columns }, (_, i) =>
  word(i) % 3 === 0 ? word(i) >>> 24 : 0,
);
const dataset = new Dataset({
  name: kind,
  rows,
  columns,
  classes,
  features: kind === 'bytes' ? bytes : Float32Array.from(bytes, (byte) => byte / 77 - 1),
  ...(kind === 'bytes' && { affine: { scale: 1 / 77, offset: -1 } }),
  labels: Uint32Array.from({ length: rows }, (_, row) => word(row) % classes),
});
const all = dataset.allRows();
const model = Model.create([columns, 67, 33, classes], { seed: 5 });
// Widths are not multiples of a vector's length, batches not multiples of a task's size.
await model.train(dataset, {
  epochs: 3,
  batchSize: 71,
  weightDecay: 1e-3,
  nesterov: true,
  threads,
});
const hashes = { train: model.hash() };
for (const mode of ['batch', 'perRow']) {
  const fisher = await model.fisher(dataset, all, { mode, batchSize: 71, threads });
  hashes[`fisher ${mode}`] = parameterHash(model.widths, fisher);
}
hashes.logits = parameterHash([], await model.logits(dataset, all, { threads }));
const scrubbed = await fisherScrub(
  { model, dataset, forget: all.slice(0, 101), retain: all.slice(101) },
  { mode: 'perRow', alpha: 1e-3, batchSize: 31, threads },
);
hashes.scrub = scrubbed.model.hash();
console.log(JSON.stringify(hashes));
