import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { requireDescriptors } from '#lethe/base/descriptors';
import { lazyModule, lazyPackage } from '#lethe/base/lazy';
import { Model } from '#lethe/engine/model';
import { toOnnx } from '#lethe/formats/export-model';
import { exitOf } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** What happens while only so many files can be opened, and afterwards. */
async function withDescriptors(free: number) {
  const csv = join(await temporaryFolder(), 'toy.csv');
  await writeFile(csv, 'a,class\n1,x\n2,y\n');
  const onnx = await toOnnx(Model.create([1, 2]));
  const parquet = fixture('cases/parquet/bool-feature.parquet');
  const limited = 'ulimit -n 100 && exec "$0" "$@"';
  const script = fixture('children/few-descriptors.mjs');
  const args = [script, String(free), csv, fixture('numpy/good.npz'), parquet];
  const { stdout, stderr } = await exitOf('sh', ['-c', limited, process.execPath, ...args], {
    ONNX: Buffer.from(onnx).toString('base64'),
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { first: Record<string, string>; later: object; unheard: object };
}

it.each([0, 1, 6, 24])('%d descriptors are a clear error, and no lasting one', async (free) => {
  const { first, later, unheard } = await withDescriptors(free);
  for (const [name, code] of Object.entries(first)) {
    expect([name, code]).toEqual([name, expect.stringMatching(/^ERR_(IO|RUNTIME)$/)]);
  }
  expect({ later, unheard }).toEqual({ later: {}, unheard: [] });
  if (free === 0) expect(Object.keys(first)).toHaveLength(8);
});

it('leaves no descriptor open', () => {
  const probe = () => {
    const descriptor = openSync(fixture('digests.json'), 'r');
    closeSync(descriptor);
    return descriptor;
  };
  const before = probe();
  requireDescriptors('load', 'it', 9);
  expect(probe()).toBe(before);
});

it('loads a module once, and again if that has failed', async () => {
  const load = vi.fn().mockRejectedValueOnce(new Error('broken')).mockResolvedValue('module');
  const module = lazyModule('it', load);
  await expect(module()).rejects.toThrow('broken');
  expect(await module()).toBe('module');
  expect(await module()).toBe('module');
  expect(load).toHaveBeenCalledTimes(2);
});

it('says so where the descriptors ran out on the way', async () => {
  const cause = Object.assign(new Error('no'), { code: 'EMFILE' });
  const module = lazyModule('it', () => Promise.reject(cause));
  await expect(module()).rejects.toMatchObject({ code: 'ERR_IO', cause });
});

it('tells that a package is missing', () => {
  expect(lazyPackage('lethe-has-no-such-package')).toThrow(/Cannot find module/);
});
