import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

it('the memory of a long-running process does not grow', async () => {
  const { code, stdout, stderr } = await runChild('cycles', [], {}, ['--expose-gc']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [early, late] = JSON.parse(stdout) as [number, number];
  // Leaking a data set or a model in each of these 100 cycles would add at least 75 MiB; the memory
  // that the allocator keeps varies by 25 MiB.
  expect(late - early).toBeLessThan(45);
});
