import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

it('the memory of a long life does not grow', async () => {
  const { code, stdout, stderr } = await runChild('cycles', [], {}, ['--expose-gc']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [early, late] = JSON.parse(stdout) as [number, number];
  // A data set or a model that stayed in each of the 100 cycles between would be 75 MiB or more; what
  // the allocator keeps varies by 25.
  expect(late - early).toBeLessThan(45);
});
