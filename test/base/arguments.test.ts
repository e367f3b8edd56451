import { describe, expect, it } from 'vitest';
import { requireKnownFields } from '#lethe/base/arguments';
import { expectCode, wrong } from '../support/errors.js';

interface Options {
  readonly seed?: number;
  readonly rate?: number;
}

const check = (value: unknown) =>
  requireKnownFields<Options>('options', wrong(value), { seed: true, rate: true });

describe('checked options', () => {
  it('are a copy, which the caller cannot change', () => {
    const given = { seed: 1 };
    const checked = check(given);
    given.seed = 2;
    expect(checked).toEqual({ seed: 1 });
  });

  it('have inherited fields too, and none that are undefined', () => {
    expect(check(Object.create({ seed: 1 }))).toEqual({ seed: 1 });
    expect(Object.keys(check({ rate: undefined, stray: undefined }))).toEqual([]);
  });

  it('read each field only once, so that a getter cannot change its mind', () => {
    let reads = 0;
    const checked = check({
      get seed() {
        reads += 1;
        return reads;
      },
    });
    expect([checked.seed, checked.seed, reads]).toEqual([1, 1, 1]);
  });

  it.each<[string, unknown]>([
    ['own', { sed: 1 }],
    ['inherited', Object.create({ sed: 1 })],
  ])('are refused by name: %s', async (_, value) => {
    const error = await expectCode(() => check(value), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('"sed"');
  });
});
