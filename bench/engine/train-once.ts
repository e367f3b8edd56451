/** Run by processes.ts in a process of its own: what an application does that trains once. */
import { Dataset, Model } from 'lethe';
import { loadMnist, syntheticDigits } from 'lethe/datasets';

const [folder] = process.argv.slice(2);
const { train } = folder ? await loadMnist({ dir: folder }) : syntheticDigits({ testRows: 1 });
const dataset = new Dataset(train);
await Model.create([dataset.columns, 512, 128, dataset.classes]).train(dataset, { epochs: 1 });
console.log(JSON.stringify({ milliseconds: 0, bytes: process.memoryUsage.rss() }));
