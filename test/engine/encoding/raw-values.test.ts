import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { RawValues } from '#lethe/engine/encoding/raw-values';
import { MOST_UNITS } from '#lethe/engine/layout';
import { expectCode } from '../../support/errors.js';

const NUMBER = { kind: 'number', indicator: false, standardize: false } as const;
const FOUND = { kind: 'category', categories: 'found', missing: 'none', indicator: true } as const;
const refuse = (expected: string) => new LetheError('ERR_INVALID_DATA', expected);

describe('categories that are to be found', () => {
  it('end when they are more than a network has inputs, by the column that has most', async () => {
    const values = new RawValues([NUMBER, FOUND, FOUND]);
    const fill = () => {
      values.value(1, 'AT', refuse);
      for (let i = 0; i < MOST_UNITS; i++) values.value(2, `text ${i}`, refuse);
    };
    const { message } = await expectCode(fill, 'ERR_INVALID_ARGUMENT');
    expect(message).toContain('column 2 has more categories than a network has inputs, at most');
    expect(message).toContain('leave it out with the option features');
  });

  it('may be as many as there are inputs left', () => {
    const values = new RawValues([NUMBER, FOUND]);
    for (let i = 0; i < MOST_UNITS - 2; i++) values.value(1, i, refuse);
    expect(() => values.value(1, 'one more', refuse)).toThrow('more categories');
  });

  it('are refused where there is none', async () => {
    const values = new RawValues([FOUND]);
    const raw = Float32Array.of(values.value(0, null, refuse));
    const { message } = await expectCode(() => values.finish(raw), 'ERR_INVALID_ARGUMENT');
    expect(message).toBe('column 0 has no category: its value is missing in all rows');
  });

  it.each([Infinity, -Infinity, {}, '', '\ud800', Symbol('x')])('are not %s', async (cell) => {
    const { message } = await expectCode(
      () => new RawValues([FOUND]).value(0, cell, refuse),
      'ERR_INVALID_DATA',
    );
    expect(message).toContain('the name of a category');
  });
});
