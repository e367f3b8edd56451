import { LetheError } from 'lethe';
import { expect, it } from 'vitest';
import { wrong } from '../../../test/support/errors.js';
import { Judge } from '../../methods/judge.js';
import { runMethods } from '../../methods/method-runs.js';

it('gives every method its seed, where to compute and what is deleted, and counts what diverges', async () => {
  const given: object[] = [];
  const entry = {
    ...{ name: 'method', isExact: false },
    run: async (_: unknown, options: object) => {
      given.push(options);
      throw new LetheError('ERR_DIVERGED', 'always');
    },
  };
  const references = [7, 8].map((seed) => wrong({ seed, request: {} }));
  const judge = wrong(Object.create(Judge.prototype));
  const runs = await runMethods([entry], references, {
    ...{ judge, kind: 'user', compute: { threads: 3 }, stage: () => {} },
  });
  expect(given).toEqual(
    [7, 8].map((seed) => ({
      ...{ seed, compute: { threads: 3 }, kind: 'user' },
    })),
  );
  expect(runs).toEqual([{ name: 'method', isExact: false, runs: [], diverged: 2 }]);
});
