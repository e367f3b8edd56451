// The addon in a worker thread that is terminated while it runs, and in another one after it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Dataset, devices, Model } from 'lethe';
import { syntheticDigits } from 'lethe/datasets';

if (isMainThread) {
  for (let round = 0; round < 2; round++) {
    const worker = new Worker(new URL(import.meta.url));
    const [cpu] = await once(worker, 'message');
    assert.equal(cpu, devices().cpu);
    await worker.terminate();
  }
} else {
  const dataset = new Dataset(syntheticDigits({ trainRows: 100, testRows: 1 }).train);
  const model = Model.create([dataset.columns, 16, dataset.classes]);
  const run = model.train(dataset, { epochs: 100_000 });
  parentPort.postMessage(devices().cpu);
  await run;
}
