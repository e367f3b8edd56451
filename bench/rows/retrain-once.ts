/** Run by main.ts in a process of its own: opens a row file and retrains on all rows but one. */
import { Dataset, exactRetrain, Model } from 'lethe';

const [path, threads] = process.argv.slice(2) as [string, string];
const openedAt = performance.now();
const dataset = await Dataset.open(path);
const trainedAt = performance.now();
const model = Model.create([dataset.columns, 256, dataset.classes]);
const { quality } = await exactRetrain(
  { model, dataset, forget: [0], retain: dataset.without([0]) },
  { recipe: 'steady', threads: Number(threads) },
);
const seconds = { open: trainedAt - openedAt, retrain: performance.now() - trainedAt };
console.log(JSON.stringify({ ...seconds, accuracy: quality.accuracy }));
