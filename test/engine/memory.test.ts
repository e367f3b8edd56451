import { expect, it } from 'vitest';
import { runChild, runLimitedChild } from '../support/child.js';

/**
 * Has glibc give back at once whatever is freed: without these, what it keeps depends on the order in which
 * threads came to it, and hides any leak.
 */
const KEEPS_NOTHING = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '0',
};

it('the memory of a long life does not grow', async () => {
  const { code, stdout, stderr } = await runChild('cycles', [], KEEPS_NOTHING, ['--expose-gc']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [early, late] = JSON.parse(stdout) as [number, number];
  // A data set or a model that stayed in each of the 50 cycles between would be 37 MiB or more; the same
  // cycles without a leak differ by 1.
  expect(late - early).toBeLessThan(6);
});

it('what objects hold natively is reported to the garbage collector, and taken back', async () => {
  const { code, stdout, stderr } = await runChild('external-memory', [], {}, ['--expose-gc']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const kilobytes = [...stdout.matchAll(/External memory reported: +(-?\d+) KB/g)].map(
    ([, kb]) => +kb!,
  );
  expect(kilobytes).toHaveLength(9);
  const [before, ...later] = kilobytes as [number, ...number[]];
  // Models of 1000-249-4, 250,249 parameters; rows of 784 bytes and a label, or of 50 floats and a label.
  const [model, dataset, mapped] = [4 * 250_249, 1000 * (784 + 4), 1000 * (4 * 50 + 4)];
  // The weights in panels of 32 outputs and their sums, the activations of 64 rows, a panel of scratch.
  const predictor = 4 * (256 * 1001 + 32 * 250 + 8 * 4 * 32 + 64 * (1040 + 272 + 48) + 32 * 1000);
  const expected = [
    // A clone holds nothing of its own until one of the two changes.
    20 * model,
    20 * model + 10 * predictor,
    // What was packed for the parameters before is gone.
    21 * model + 9 * predictor,
    ...[0, 10 * dataset, 11 * dataset + mapped],
    // The raw values, and their inputs by the last map: those by the map before are gone.
    ...[2 * 1000 * (4 * 784 + 4), 0],
  ];
  // Whatever else is alive besides, such as a buffer of Node: far less than one of these.
  for (const [i, bytes] of expected.entries()) {
    expect(Math.abs(later[i]! - before - bytes / 1024), `report ${i + 1}`).toBeLessThan(100);
  }
});

it('a run that needs more memory than there is says so', async () => {
  const { code, stdout, stderr } = await runLimitedChild('out-of-memory', 32);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    code: 'ERR_OUT_OF_MEMORY',
    message: 'there is not enough memory for this run',
    length: 1,
  });
});
