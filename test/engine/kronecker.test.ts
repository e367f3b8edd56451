import { describe, expect, it } from 'vitest';
import { type KroneckerSystem, kroneckerSolve } from '#lethe/engine/kronecker';
import { expectCode, wrong } from '../support/errors.js';

/** Factors that are multiples of the identity. */
function systemOf(
  widths: readonly number[],
  a: number,
  g: number,
  damping: number,
): KroneckerSystem {
  const factors: number[] = [];
  const parameters: number[] = [];
  for (const [layer, outputs] of widths.slice(1).entries()) {
    const inputs = widths[layer]! + 1;
    for (const [size, value] of [
      [inputs, a],
      [outputs, g],
    ] as const) {
      for (let i = 0; i < size * size; i++) factors.push(i % (size + 1) === 0 ? value : 0);
    }
    for (let i = 0; i < inputs * outputs; i++) parameters.push(i + 1);
  }
  const [fisher, gradient] = [Float32Array.from(factors), Float32Array.from(parameters)];
  return { widths, factors: fisher, gradient, damping };
}

describe('kroneckerSolve', () => {
  it('divides by the damped factors', async () => {
    // r = sqrt(4 / 1): (1 + 0.5 / 2) (4 + 0.5 * 2) = 6.25
    const system = systemOf([3, 2], 4, 1, 0.25);
    for (const threads of [1, 3]) {
      const solution = await kroneckerSolve(system, { threads });
      for (const [i, value] of solution.entries()) expect(value).toBeCloseTo((i + 1) / 6.25, 5);
    }
  });

  it('can be aborted within a wide layer, and reports progress', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const running = kroneckerSolve(systemOf([1500, 1], 1, 1, 0.1), {
      signal: controller.signal,
      onProgress: ({ step, steps }) => {
        expect(steps).toBe(48); // 1501 / 32 and 1 / 32, rounded up
        seen.push(step);
        controller.abort();
      },
    });
    await expectCode(() => running, 'ERR_ABORTED');
    expect(seen[0]).toBe(0);
  });

  it.each([
    ['no widths', { widths: undefined }],
    ['factors of another size', { factors: new Float32Array(3) }],
    ['a list of factors', { factors: [1, 2] }],
    ['a gradient of another size', { gradient: new Float32Array(3) }],
    ['no damping', { damping: 0 }],
    ['factors that are not positive definite', { factors: new Float32Array(20).fill(-9) }],
  ])('refuses %s', async (_, change) => {
    const system = wrong({ ...systemOf([3, 2], 4, 1, 0.25), ...change });
    await expectCode(() => kroneckerSolve(system), 'ERR_INVALID_ARGUMENT');
  });
});
