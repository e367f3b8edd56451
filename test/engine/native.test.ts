import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { callNative, promiseNative, toLetheError } from '#lethe/engine/native';
import { failure } from '../support/errors.js';

const coded = (code: string | undefined) => Object.assign(new Error('what happened'), { code });

describe('an error of the addon', () => {
  it('becomes a LetheError of its code, with the original as its cause', () => {
    const original = coded('ERR_DIVERGED');
    const error = toLetheError(original) as LetheError;
    expect(error).toBeInstanceOf(LetheError);
    expect(error).toMatchObject({ code: 'ERR_DIVERGED', message: 'what happened' });
    expect(error.cause).toBe(original);
  });

  it.each([
    ['a LetheError', new LetheError('ERR_IO', '')],
    ['of the system', coded('ENOENT')],
    ['of another library', coded('SQLITE_BUSY')],
    ['without a code', coded(undefined)],
    ['a text', 'what happened'],
  ])('is nothing else, such as one that is %s', async (_, original) => {
    expect(toLetheError(original)).toBe(original);
    const failing = () => {
      throw original;
    };
    expect(await failure(() => callNative(failing))).toBe(original);
    expect(await failure(() => promiseNative(() => Promise.reject(original)))).toBe(original);
  });
});
