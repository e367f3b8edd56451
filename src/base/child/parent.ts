import { Worker } from 'node:worker_threads';
import { type Channel, Inbox } from './channel.js';

/**
 * Runs in a worker thread, because the program may be busy for long: ends the process when its standard
 * input ends, which the parent holds open for as long as it is there. It waits in an event loop, not in a read,
 * for which an exit would wait in turn.
 */
const WATCH = `
  const { Socket } = require('node:net');
  const end = () => process.kill(process.pid, 'SIGKILL');
  new Socket({ fd: 0, readable: true, writable: false }).on('close', end).on('error', end).resume();
`;

/** What a terminal or a service manager sends to the parent's children too: it is for the parent to answer. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Of a program that Child.start has started: its channel to the process that has. To be called once. */
export function parentChannel(): Channel {
  const inbox = new Inbox();
  process.on('message', (message) => inbox.push(message));
  for (const signal of SIGNALS) process.on(signal, () => {});
  new Worker(WATCH, { eval: true }).unref();
  const channel: Channel = {
    send: (message) =>
      new Promise((resolve, reject) => {
        process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()));
      }),
    receive: () => inbox.take(),
  };
  channel.send('begun').catch(() => {});
  return channel;
}
