// Starts runs in worker threads, which end in one of several ways.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { encodedHash, train, trainEndlessly, trainedHash } from './endless.mjs';

const report = () => parentPort.postMessage('running');

const ways = {
  hash: async () => parentPort.postMessage(await trainedHash()),
  encoded: async () => parentPort.postMessage(await encodedHash()),
  endless: () => trainEndlessly({ onProgress: ({ step }) => step > 0 && report() }),
  silent: () => {
    trainEndlessly();
    setTimeout(report, 20);
  },
  exit: () => trainEndlessly({ onProgress: ({ step }) => step > 0 && process.exit(3) }),
  // More worker threads than runs at once, so that some wait, start and end.
  busy: () => {
    report();
    for (let i = 0; i < 7; i++) loop({ epochs: 1, onProgress: () => {} });
  },
};

async function loop(options) {
  for (;;) await train(options);
}

async function runWorker(way) {
  const worker = new Worker(new URL(import.meta.url), { workerData: way });
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  worker.on('error', (error) => {
    console.error(error);
    process.exitCode = 9;
  });
  if (way === 'exit') return `exit ${await exit}`;
  const message = await new Promise((resolve) => worker.once('message', resolve));
  if (way === 'hash' || way === 'encoded')
    return (await exit) === 0 ? message : 'the worker has failed';
  return `terminated ${await worker.terminate()}`;
}

if (isMainThread) {
  const [way, times] = process.argv.slice(2);
  for (let i = 0; i < Number(times); i++) console.log(await runWorker(way));
  // The addon still works in this thread.
  console.log(await (way === 'encoded' ? encodedHash() : trainedHash()));
} else {
  ways[workerData]();
}
