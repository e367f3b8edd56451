import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { readFileSync } from './node-fs.js';

/**
 * How many threads a run uses by default: the cores that this process may run on, limited to the
 * CPU time that its control groups (containers) grant.
 */
export function availableThreads(): number {
  return threadsGranted('/');
}

/** @param root the folder that holds proc/ and sys/ */
export function threadsGranted(root: string): number {
  const quota = Math.ceil(Math.min(...cpuQuotas(root)));
  return Math.max(1, Math.min(availableParallelism(), quota));
}

/**
 * The CPU seconds per second that each control group of this process grants; Infinity without a
 * limit.
 */
function cpuQuotas(root: string): number[] {
  const groups = read(join(root, 'proc/self/cgroup'))?.split('\n') ?? [];
  return [
    Number.POSITIVE_INFINITY,
    ...groups.flatMap((line) => {
      // "0::/path" is version 2; "4:cpu,cpuacct:/path" a controller of version 1.
      const [, id, controllers, path] = /^(\d+):([^:]*):\/(.*)$/.exec(line) ?? [];
      if (path === undefined) return [];
      if (id === '0') return quotasUpwards(join(root, 'sys/fs/cgroup'), path, quotaOfVersion2);
      if (!controllers?.split(',').includes('cpu')) return [];
      return quotasUpwards(join(root, 'sys/fs/cgroup/cpu'), path, quotaOfVersion1);
    }),
  ];
}

/**
 * The quotas of a group and of its ancestors. Inside a container, its own group may be the root.
 */
function quotasUpwards(top: string, path: string, quotaOf: (folder: string) => number): number[] {
  const quotas = [quotaOf(top)];
  for (let group = path; group && group !== '.'; group = dirname(group)) {
    quotas.push(quotaOf(join(top, group)));
  }
  return quotas;
}

function quotaOfVersion2(folder: string): number {
  const [quota, period] = read(join(folder, 'cpu.max'))?.split(/\s+/) ?? [];
  return ratio(quota, period);
}

function quotaOfVersion1(folder: string): number {
  return ratio(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')));
}

/** Infinity unless both are numbers above 0: "max" and -1 mean no limit. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const share = Number(quota) / Number(period);
  return share > 0 && Number.isFinite(share) ? share : Number.POSITIVE_INFINITY;
}

/** The text of a small file; undefined if it cannot be read, e.g. on systems without it. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
