// Loads an addon in the main thread and in a worker thread: load-addon.mjs <path>

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const path = isMainThread ? resolve(process.argv[2]) : workerData;
const device = createRequire(import.meta.url)(path).device();
console.log(`${isMainThread ? 'main' : 'worker'} thread: ${device}`);
if (isMainThread) new Worker(new URL(import.meta.url), { workerData: path });
