import { describe, expect, it } from 'vitest';
import { describeValue, requireInstance, requireKnownFields } from '#lethe/base/arguments';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { expectCode, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyData, toyDataset } from '../support/toy.js';

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

describe('what a message says of a value', () => {
  const liar = { [Symbol.toStringTag]: 'x'.repeat(1000) };

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [-1.5, '-1.5'],
    [9n, 'the bigint 9n'],
    ['', '""'],
    ['5', '"5"'],
    ['a\n'.repeat(100), `${JSON.stringify('a\n'.repeat(30))}... of 200 characters`],
    [Symbol('s'), 'Symbol(s)'],
    [() => 'its source is not shown', 'a function'],
    [class Named {}, 'a function'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [liar, 'an object'],
    [[1, 2], 'an array'],
    [new Float64Array(2), 'a Float64Array'],
    [new Int32Array(2), 'an Int32Array'],
    [new Uint8Array(2), 'a Uint8Array'],
    [new Date(0), 'a Date'],
    [new Map(), 'a Map'],
    [new ArrayBuffer(2), 'an ArrayBuffer'],
    [toyDataset({ rows: 2 }), 'a Dataset'],
    [Promise.resolve(1), 'a Promise: is an `await` missing?'],
  ])('%#', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it('is no more than that of what throws whatever is asked of it', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(describeValue(proxy)).toBe('an object');
  });

  it('comes after the argument and what it must be', async () => {
    const call = () => requireInstance('owners', wrong(new Float64Array(3)), Uint32Array);
    const { message } = await expectCode(call, 'ERR_INVALID_ARGUMENT');
    expect(message).toBe('owners must be a Uint32Array, but is a Float64Array');
  });
});

describe('a message', () => {
  const dataset = toyDataset({ rows: 40 });
  const model = Model.create(TOY_WIDTHS);
  const five = { name: 'five', rows: 1, columns: 5, classes: 3, labels: Uint32Array.of(0) };
  const narrow = new Dataset({ ...five, features: new Float32Array(5) });
  const rows = { rows: [0] };

  it.each<[string, () => unknown, string]>([
    [
      'features of a row',
      () => model.predict(new Float32Array(5)),
      'rows of 12 features, but hold 5',
    ],
    ['inputs', () => model.predict(wrong(new Float64Array(12))), 'but is a Float64Array'],
    ['columns', () => model.logits(narrow, [0]), 'takes 12 inputs, but the data set has 5 columns'],
    [
      'labels',
      () => new Dataset({ ...toyData(), labels: wrong(new Float64Array(1)) }),
      'labels must be a Uint32Array, but is a Float64Array',
    ],
    [
      'parameters',
      () => Model.fromParameters(TOY_WIDTHS, wrong([1])),
      'parameters must be a Float32Array, but is an array',
    ],
    [
      'too few parameters',
      () => Model.fromParameters(TOY_WIDTHS, new Float32Array(3)),
      'must hold 371 values for these widths, but holds 3',
    ],
    [
      'a data set',
      () => model.logits(wrong(toyData()), [0]),
      'dataset must be a Dataset, but is an object',
    ],
    [
      'distributions',
      () =>
        pass(model, dataset, rows, wrong({ target: 'explicit', distributions: [1] }), {
          kind: 'gradient',
        }),
      'distributions must be a Float32Array, but is an array',
    ],
    [
      'weights of rows',
      () =>
        pass(model, dataset, rows, wrong({ target: 'label', rowWeights: new Float64Array(1) }), {
          kind: 'gradient',
        }),
      'rowWeights must be a Float32Array, but is a Float64Array',
    ],
    [
      'a Fisher diagonal',
      () =>
        pass(
          model,
          dataset,
          rows,
          { target: 'label' },
          wrong({ kind: 'clampedFisher', fisher: null }),
        ),
      'fisher must be a Float32Array, but is null',
    ],
  ])('names what was expected and what was given: %s', async (_, call, text) => {
    expect((await expectCode(call, 'ERR_INVALID_ARGUMENT')).message).toContain(text);
  });
});
