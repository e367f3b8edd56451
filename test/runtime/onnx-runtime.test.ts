import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Child } from '#lethe/base/child/child';
import { exportOnnx } from '#lethe/formats/onnx/export';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { endlessOnnx } from '../support/endless-onnx.js';
import { forward, type Network, network, values } from '../support/network.js';
import { childrenOf, ended } from '../support/processes.js';

const failed = { name: 'LetheError', code: 'ERR_RUNTIME' };

function bytes(net: Network): Uint8Array {
  return exportOnnx({ ...net, affine: { scale: 1, offset: 0 }, hash: '' });
}

async function withRuntime<T>(net: Network, use: (runtime: OnnxRuntime) => Promise<T>): Promise<T> {
  const runtime = await OnnxRuntime.load(bytes(net), { threads: 1 });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

describe('OnnxRuntime', () => {
  it.each([
    { widths: [7, 3], rows: 5 },
    { widths: [1, 1], rows: 1 },
    { widths: [13, 9, 5, 3], rows: 17 },
  ])('computes what a float64 forward pass does: $widths', async ({ widths, rows }) => {
    const net = network(widths);
    const features = values(rows * widths[0]!, 1);
    const expected = forward(net, features);
    const logits = await withRuntime(net, (runtime) => runtime.run(features, rows, widths[0]!));
    expect(logits).toHaveLength(expected.length);
    logits.forEach((logit, i) => {
      expect(logit).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('answers runs in order, and leaves the features as they are', async () => {
    const net = network([2, 2]);
    const inputs = [1, 2, 3].map((rows) => values(2 * rows, rows));
    const expected = inputs.map((features) => forward(net, features));
    const outputs = await withRuntime(net, (runtime) =>
      Promise.all(inputs.map((features) => runtime.run(features, features.length / 2, 2))),
    );
    outputs.forEach((logits, i) => {
      expect(logits).toHaveLength(expected[i]!.length);
      expect(logits[0]).toBeCloseTo(expected[i]![0]!, 5);
    });
    expect(inputs).toEqual([1, 2, 3].map((rows) => values(2 * rows, rows)));
  });

  it('reports its version', async () => {
    const name = await withRuntime(network([2, 2]), async (runtime) => runtime.name);
    expect(name).toMatch(/^onnxruntime-node \d+\.\d+\.\d+/);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['garbage', Uint8Array.from([1, 2, 3])],
    ['half a model', bytes(network([2, 2])).subarray(0, 99)],
  ])('refuses to load %s', async (_, model) => {
    await expect(OnnxRuntime.load(model, { threads: 1 })).rejects.toMatchObject({
      ...failed,
      cause: expect.any(Error),
    });
  });

  it('refuses features of another width and keeps working', () =>
    withRuntime(network([4, 2]), async (runtime) => {
      await expect(runtime.run(new Float32Array(6), 2, 3)).rejects.toMatchObject({
        ...failed,
        cause: expect.any(Error),
      });
      await expect(runtime.run(new Float32Array(8), 2, 4)).resolves.toHaveLength(4);
    }));

  it('refuses features that are not rows times columns, such as a transferred array', () =>
    withRuntime(network([2, 1]), async (runtime) => {
      const invalid = { name: 'LetheError', code: 'ERR_INVALID_ARGUMENT' };
      const moved = new Float32Array(2);
      structuredClone(moved, { transfer: [moved.buffer] });
      await expect(runtime.run(moved, 1, 2)).rejects.toMatchObject(invalid);
      await expect(runtime.run(new Float32Array(3), 1, 2)).rejects.toMatchObject(invalid);
      await expect(runtime.run(new Float32Array(0), 0, 2)).rejects.toMatchObject(invalid);
    }));

  it('rejects unfinished and later runs once it is closed', async () => {
    const runtime = await OnnxRuntime.load(bytes(network([2, 2])), { threads: 1 });
    const pending = expect(runtime.run(new Float32Array(2), 1, 2)).rejects.toMatchObject(failed);
    await runtime.close();
    await pending;
    await expect(runtime.run(new Float32Array(2), 1, 2)).rejects.toMatchObject(failed);
    await runtime.close();
  });

  it('is ended in the middle of a run when the signal is aborted', async () => {
    const before = new Set(childrenOf(process.pid));
    const controller = new AbortController();
    const { signal } = controller;
    const runtime = await OnnxRuntime.load(endlessOnnx(), { threads: 1, signal });
    const started = childrenOf(process.pid).filter((pid) => !before.has(pid));
    const runs = [1, 2].map(() => runtime.run(new Float32Array(1), 1, 1));
    controller.abort('enough');
    const aborted = { name: 'LetheError', code: 'ERR_ABORTED', cause: 'enough' };
    for (const run of runs) await expect(run).rejects.toMatchObject(aborted);
    await expect(runtime.run(new Float32Array(1), 1, 1)).rejects.toMatchObject(aborted);
    await Promise.all(started.map(ended));
    await runtime.close();
  });

  it('is not loaded if the signal was aborted before', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(
      OnnxRuntime.load(bytes(network([2, 2])), { threads: 1, signal }),
    ).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
  });

  it('is ended in the middle of a run when it is closed', async () => {
    const runtime = await OnnxRuntime.load(endlessOnnx(), { threads: 1 });
    const run = expect(runtime.run(new Float32Array(1), 1, 1)).rejects.toMatchObject(failed);
    // The run is on its way by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await runtime.close();
    await run;
  });

  it('fails if its process is killed, and starts another for the next model', async () => {
    const before = new Set(childrenOf(process.pid));
    const runtime = await OnnxRuntime.load(endlessOnnx(), { threads: 1 });
    const run = runtime.run(new Float32Array(1), 1, 1);
    const started = childrenOf(process.pid).filter((pid) => !before.has(pid));
    for (const pid of started) process.kill(pid, 'SIGKILL');
    await expect(run).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('its process has ended with SIGKILL'),
    });
    await runtime.close();
    await withRuntime(network([2, 2]), (next) => next.run(new Float32Array(2), 1, 2));
  });

  it('runs one model after another in one process, but never one of our own after another', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const start = vi.spyOn(Child, 'start');
    onTestFinished(() => start.mockRestore());
    const load = async (origin: 'own' | 'others') => {
      start.mockClear();
      const runtime = await OnnxRuntime.load(bytes(network([2, 2])), { threads: 1, origin });
      await runtime.close();
      return start.mock.calls.length;
    };
    await load('others');
    expect(await load('others')).toBe(0);
    expect(await load('own')).toBe(1);
    expect(await load('own')).toBe(0);
    const waiting = childrenOf(process.pid);
    expect(waiting.length).toBeGreaterThanOrEqual(2);
    vi.runAllTimers();
    await Promise.all(waiting.map(ended));
    expect(await load('own')).toBe(1);
    vi.runAllTimers();
  });

  it('replaces a process that has ended while it waited', async () => {
    await withRuntime(network([2, 2]), async () => {});
    const waiting = childrenOf(process.pid);
    expect(waiting.length).toBeGreaterThan(0);
    for (const pid of waiting) process.kill(pid, 'SIGKILL');
    await Promise.all(waiting.map(ended));
    await withRuntime(network([2, 2]), (runtime) => runtime.run(new Float32Array(2), 1, 2));
  });

  it('lets the process end once it is closed or could not be loaded', () => {
    const script = `
      import { exportOnnx } from '#lethe/formats/onnx/export';
      import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
      const model = exportOnnx({
        widths: [1, 1], parameters: new Float32Array(2), affine: { scale: 1, offset: 0 }, hash: '',
      });
      const runtime = await OnnxRuntime.load(model, { threads: 2 });
      await runtime.run(new Float32Array(1), 1, 1);
      await runtime.close();
      await OnnxRuntime.load(new Uint8Array(1), { threads: 1 }).catch(({ code }) => console.log(code));
    `;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { encoding: 'utf8' },
    );
    expect({ status, signal, stdout, stderr }).toEqual({
      status: 0,
      signal: null,
      stdout: 'ERR_RUNTIME\n',
      stderr: '',
    });
  });
});
