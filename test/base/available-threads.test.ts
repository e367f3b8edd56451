import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableThreads, threadsGranted } from '#lethe/base/available-threads';

/** A folder with the proc/ and sys/ of a process in a container. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lethe-root-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('the available threads', () => {
  const all = availableParallelism();

  it('are all cores that the process may run on if there are no control groups', () => {
    expect(threadsGranted(root)).toBe(all);
    expect(availableThreads()).toBeLessThanOrEqual(all);
    expect(availableThreads()).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ['max 100000', all],
    ['100000 100000', 1],
    ['50000 100000', 1],
    ['150000 100000', Math.min(all, 2)],
    ['100000000 100000', all],
    ['nonsense', all],
    ['', all],
  ])('reads a cpu.max of "%s" as %d', (text, threads) => {
    write('proc/self/cgroup', '0::/app\n');
    write('sys/fs/cgroup/app/cpu.max', `${text}\n`);
    expect(threadsGranted(root)).toBe(threads);
  });

  it('are limited by the smallest quota of the group and its ancestors', () => {
    write('proc/self/cgroup', '0::/pod/app/worker\n');
    write('sys/fs/cgroup/pod/cpu.max', '100000 100000\n');
    write('sys/fs/cgroup/pod/app/worker/cpu.max', 'max 100000\n');
    expect(threadsGranted(root)).toBe(1);
  });

  it("are limited by a container's quota in the root group", () => {
    write('proc/self/cgroup', '0::/\n');
    write('sys/fs/cgroup/cpu.max', '100000 100000\n');
    expect(threadsGranted(root)).toBe(1);
  });

  it.each([
    ['100000', 1],
    ['-1', all],
  ])('reads a quota of %s in control groups of version 1', (quota, threads) => {
    write('proc/self/cgroup', '5:memory:/app\n4:cpu,cpuacct:/app\n');
    write('sys/fs/cgroup/cpu/app/cpu.cfs_quota_us', `${quota}\n`);
    write('sys/fs/cgroup/cpu/app/cpu.cfs_period_us', '100000\n');
    expect(threadsGranted(root)).toBe(threads);
  });
});
