// Prints the digest of a row file, and then what becomes of a training on it.

import { createInterface } from 'node:readline';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';

const dataset = await Dataset.open(process.argv[2]);
console.log(await dataset.digest());
const model = Model.create([dataset.columns, dataset.classes], { seed: 1 });
// Whoever started this process says when to begin: after it has changed the file, or not.
for await (const line of createInterface({ input: process.stdin })) {
  const [epochs, before] = [Number(line), model.hash()];
  const end = await model.train(dataset, { epochs, seed: 1, learningRate: 1e-6 }).then(
    () => 'trained',
    (error) => `${error.code} ${model.hash() === before}`,
  );
  console.log(end);
}
