import { Child } from '../base/child/child.js';
import type { OnnxRequest } from './onnx-child.js';

/**
 * Who wrote a model. Those of others may do anything to their process, so none of our own ever comes
 * after them.
 */
export type Origin = 'own' | 'others';

/** How long a process waits for another model: to start one takes longer than to verify a small model. */
const IDLE_MS = 1000;

interface Idle {
  readonly child: Child;
  readonly timer: NodeJS.Timeout;
}

/** At most one of each origin. */
const idle = new Map<Origin, Idle>();

/**
 * A process of ONNX Runtime that holds no model.
 *
 * @throws {LetheError} as Child.start
 */
export async function acquireProcess(origin: Origin): Promise<Child> {
  const waiting = idle.get(origin);
  if (waiting) {
    const { child, timer } = waiting;
    idle.delete(origin);
    clearTimeout(timer);
    child.ref();
    // Something may have ended it in the meantime.
    if (await forgetsModel(child)) return child;
  }
  return Child.start('runtime/onnx-child', 'a process for ONNX Runtime');
}

/** Takes a process back. */
export async function releaseProcess(child: Child, origin: Origin): Promise<void> {
  if (!(await forgetsModel(child))) return;
  if (idle.has(origin)) return child.kill();
  child.unref();
  const timer = setTimeout(() => {
    idle.delete(origin);
    child.kill();
  }, IDLE_MS).unref();
  idle.set(origin, { child, timer });
}

/** Whether the process is there, and now without a model. */
async function forgetsModel(child: Child): Promise<boolean> {
  const request: OnnxRequest = 'release';
  try {
    await child.send(request);
    await child.receive();
    return true;
  } catch {
    return false;
  }
}
