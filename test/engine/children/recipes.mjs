// Prints the hash of the model of every recipe, on bytes and on floats.

import { Dataset } from '#lethe/engine/dataset';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';

const [rows, columns, classes] = [1100, 70, 3];
const word = (i) => Math.imul(i + 1, 0x9e3779b1) >>> 0;
const labels = Uint32Array.from({ length: rows }, (_, row) => word(row) % classes);
const bytes = Uint8Array.from({ length: rows * columns }, (_, i) => {
  const bright = (i % columns) % classes === labels[Math.floor(i / columns)];
  return (bright ? 100 : 0) + (word(i) % 2 === 0 ? word(i) >>> 25 : 0);
});
const hashes = {};
for (const [kind, given] of Object.entries({
  bytes: { features: bytes, affine: { scale: 1 / 77, offset: -1 } },
  floats: { features: Float32Array.from(bytes, (byte) => byte / 77 - 1) },
})) {
  const dataset = new Dataset({ name: kind, rows, columns, classes, labels, ...given });
  const widths = [columns, 37, classes];
  const request = { dataset, forget: [0, 5], retain: dataset.allRows().slice(6) };
  for (const recipe of ['steady', 'fast', 'auto']) {
    const { model } = await trainModel(widths, dataset, { recipe, threads: 2 });
    hashes[`${recipe}, ${kind}`] = model.hash();
    if (recipe !== 'auto') continue;
    const { model: retrained } = await exactRetrain({ model, ...request }, { threads: 2, seed: 9 });
    hashes[`exactRetrain, ${kind}`] = retrained.hash();
  }
}
console.log(JSON.stringify(hashes));
