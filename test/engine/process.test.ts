import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';

describe('the addon does not crash the process', () => {
  it('with any arguments', async () => {
    const { code, signal, stdout, stderr } = await runChild('garbage');
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const { calls, runs, steps } = JSON.parse(stdout);
    // The garbage has reached the addon, and some of it was valid.
    expect(calls).toBeGreaterThan(10_000);
    expect(runs).toBeGreaterThan(100);
    expect(steps).toBe(2);
  });
});

describe('the process ends in the middle of a run', () => {
  it('by process.exit(), with its code', async () => {
    const { code, signal } = await runChild('end', ['exit']);
    expect({ code, signal }).toEqual({ code: 7, signal: null });
  });

  it('by an uncaught error', async () => {
    const { code, signal, stderr } = await runChild('end', ['throw']);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain('thrown in the middle');
  });
});

describe('a worker thread', () => {
  async function workers(way: string, times: number): Promise<string[]> {
    const { code, signal, stdout, stderr } = await runChild('worker', [way, `${times}`]);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(times + 1);
    return lines;
  }

  it.each(['hash', 'encoded'])('computes the same as the main thread: %s', async (way) => {
    const hashes = await workers(way, 2);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(1);
  });

  it.each([
    ['reports its progress', 'endless', 5],
    ['is silent', 'silent', 5],
    ['begins and ends runs', 'busy', 30],
  ])('can be terminated while it %s', async (_, way, times) => {
    const ends = (await workers(way, times)).slice(0, -1);
    expect(ends).toEqual(Array(times).fill('terminated 1'));
  });

  it('can leave by process.exit() in the middle of a run', async () => {
    expect((await workers('exit', 3)).slice(0, -1)).toEqual(Array(3).fill('exit 3'));
  });
});
