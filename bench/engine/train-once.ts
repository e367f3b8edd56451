/** Run by processes.ts in a process of its own: what an application does that trains once. */
import { Dataset, Model } from 'lethe';

const [path] = process.argv.slice(2) as [string];
const dataset = await Dataset.open(path);
await Model.create([dataset.columns, 512, 128, dataset.classes]).train(dataset, { epochs: 1 });
console.log(JSON.stringify({ milliseconds: 0, bytes: process.memoryUsage.rss() }));
