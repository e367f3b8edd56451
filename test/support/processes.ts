import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** How long to wait for what should happen at once, on a slow machine. */
const PATIENCE_MS = 60_000;

/** Whether a process runs: one that has ended may still be in the table until its parent asks. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^\d+ \(.*\) Z /s.test(stat);
  } catch {
    return false;
  }
}

/** Resolves once a process has ended; rejects if it does not. */
export async function ended(pid: number): Promise<void> {
  const giveUp = Date.now() + PATIENCE_MS;
  while (isRunning(pid)) {
    if (Date.now() > giveUp) throw new Error(`process ${pid} still runs`);
    await setTimeout(20);
  }
}

/** The processes that a process has started and that run. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number).filter(isRunning);
}
