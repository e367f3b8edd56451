import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { LabelledRow } from '#lethe/engine/dataset-from';
import { expectCode, failure, wrong } from '../support/errors.js';

const FEATURES = [1.5, -2, 0.1];
const row = (id: LabelledRow['id'], change: object = {}) =>
  ({ id, label: 'x', features: FEATURES, ...change }) as LabelledRow;
const from = (rows: unknown, options: object = {}) => Dataset.from(wrong(rows), options);

describe('rows of any source', () => {
  it.each<[string, unknown]>([
    ['an array of numbers', FEATURES],
    ['a Float32Array', Float32Array.from(FEATURES)],
    ['a Float64Array', Float64Array.from(FEATURES)],
    ['a Buffer of float32', Buffer.from(Float32Array.from(FEATURES).buffer)],
    [
      'a Buffer that is not aligned',
      Buffer.concat([Buffer.of(0), Buffer.from(Float32Array.from(FEATURES).buffer)]).subarray(1),
    ],
  ])('may have features that are %s', async (_, features) => {
    const dataset = await from([row('a', { features })]);
    expect(dataset.normalized([0])).toEqual(Float32Array.from(FEATURES));
  });

  it('may have features that are bytes, with an affine map', async () => {
    const affine = { scale: 0.5, offset: -1 };
    const rows = [
      row(2, { features: Buffer.of(0, 255) }),
      row(1, { features: Uint8Array.of(4, 2) }),
    ];
    const dataset = await from(rows, { affine });
    expect(dataset.affine).toEqual(affine);
    expect([...dataset.normalized([0, 1])]).toEqual([1, 0, -1, 126.5]);
  });

  it.each<[string, () => Iterable<LabelledRow> | AsyncIterable<LabelledRow>]>([
    ['an array', () => [row(2), row(1)]],
    ['a generator', () => [row(2), row(1)].values()],
    [
      'an async generator',
      async function* () {
        yield row(2);
        await setImmediate();
        yield row(1);
      },
    ],
  ])('may come from %s', async (_, source) => {
    expect([...(await Dataset.from(source())).ids]).toEqual([1, 2]);
  });

  it('are the same data set in whatever order they come', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) =>
      row(`é${(i * 7) % 3000}`, {
        features: [i, -i],
        label: i % 7,
        subjects: [i % 9, `s${i % 5}`],
      }),
    );
    const [straight, reversed] = [await from(rows), await from(rows.toReversed())];
    expect(await reversed.digest()).toBe(await straight.digest());
    expect([...reversed.subjects]).toEqual([...straight.subjects]);
    for (const position of [0, 1500, 2999]) {
      expect(reversed.subjects.of(position)).toEqual(straight.subjects.of(position));
    }
  });

  it('are what the constructor makes of the same arrays', async () => {
    const values = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i));
    const labels = Uint32Array.from({ length: 10_000 }, (_, i) => (i * 3) % 10);
    const ids = [...labels.keys()].map((i) => (i * 7919) % 10_000);
    const classNames = [...'0123456789'];
    const shape = { name: 'all', rows: 10_000, columns: 4 };
    const made = new Dataset({ ...shape, features: values, labels, ids, classNames });
    const rows = ids.map((id, i) => ({
      id,
      label: labels[i]!,
      features: values.subarray(4 * i, 4 * i + 4),
    }));
    expect(await (await Dataset.from(rows)).digest()).toBe(await made.digest());
  });

  it('without ids are in the order in which they come', async () => {
    const dataset = await from([
      { label: 1, features: [3] },
      { label: 0, features: [2] },
    ]);
    expect(dataset.ids.arePositions).toBe(true);
    expect([...dataset.normalized([0, 1])]).toEqual([3, 2]);
  });

  it.each<[string, unknown[], string[] | undefined, string[], number[]]>([
    ['texts, sorted', ['b', 'a', 'b'], undefined, ['a', 'b'], [1, 0, 1]],
    ['numbers by value', [10, 9, 10], undefined, ['9', '10'], [1, 0, 1]],
    ['big integers', [10n, 9, -1], undefined, ['-1', '9', '10'], [2, 1, 0]],
    ['texts that are numbers, by value', ['10', '9'], undefined, ['9', '10'], [1, 0]],
    ['texts of which two are one number', ['1.0', '0', '1'], undefined, ['0', '1'], [1, 0, 1]],
    ['texts as they are, if one is', ['1.0', 'x', '1'], undefined, ['1', '1.0', 'x'], [1, 2, 0]],
    ['texts that a list spells otherwise', ['2.0', '1e0'], ['1', '2'], ['1', '2'], [1, 0]],
    ['numbers that a list spells otherwise', [1, 2n], ['1.0', '2.0'], ['1.0', '2.0'], [0, 1]],
    ['booleans', [true, false], undefined, ['false', 'true'], [1, 0]],
    ['names of a list', ['b'], ['b', 'a', 'c'], ['b', 'a', 'c'], [0]],
    ['indices of a list', [2, 0], ['b', 'a', 'c'], ['b', 'a', 'c'], [2, 0]],
    ['numbers that a list names', [3, 1], ['1', '2', '3'], ['1', '2', '3'], [2, 0]],
  ])('have classes that are %s', async (_, labels, classNames, expected, codes) => {
    const rows = labels.map((label, id) => row(id, { label }));
    const dataset = await from(rows, classNames && { classNames });
    expect(dataset.classNames).toEqual(expected);
    expect([...dataset.labels]).toEqual(codes);
    expect(dataset.classes).toBe(expected.length);
  });

  it.each<[string, object, object, RegExp]>([
    [
      'a number beyond float32',
      { features: [1, 1e39, 2] },
      {},
      /feature 1 of row 1 \(id "bad"\) .* is 1e\+39/,
    ],
    ['NaN', { features: Float64Array.of(Number.NaN, 1, 1) }, {}, /feature 0 of row 1 \(id "bad"\)/],
    ['infinity', { features: Float32Array.of(1, 1, Infinity) }, {}, /feature 2 .*Infinity/],
    ['a text among numbers', { features: [1, '2', 3] }, {}, /feature 1 .* is "2"/],
    ['a hole', { features: new Array(3) }, {}, /feature 0 .* undefined/],
    [
      'too few features',
      { features: [1] },
      {},
      /row 1 \(id "bad"\) must have 3 features, but has 1/,
    ],
    ['a cut Buffer', { features: Buffer.alloc(11) }, {}, /four bytes each, but the Buffer has 11/],
    [
      'bytes without a map',
      { features: new Uint8Array(3) },
      {},
      /raw bytes need the option affine/,
    ],
    ['a text of features', { features: '[1,2,3]' }, {}, /\(id "bad"\) must be a Float32Array/],
    ['no features', { features: undefined }, {}, /features of row 1/],
    ['no label', { label: undefined }, {}, /label of row 1 \(id "bad"\)/],
    ['an empty label', { label: '' }, {}, /label of row 1/],
    ['a fraction for a label', { label: 0.5 }, {}, /label of row 1/],
    ['a number among texts', { label: 4 }, {}, /must be a text, like those before it/],
    [
      'a label that is not in the list',
      { label: 'y' },
      { classNames: ['x'] },
      /one of x, but is "y"/,
    ],
    ['an index beyond the list', { label: 1 }, { classNames: ['x'] }, /index of 1 classes/],
    ['no id', { id: undefined }, {}, /row 1 has no id/],
    ['nobody', { subjects: null }, {}, /subject of row 1 \(id "bad"\) is null/],
    ['a misspelt field', { subject: 'ann' }, {}, /row 1 has the unknown field "subject"/],
  ])('are refused, by the name of the row: %s', async (_, change, options, message) => {
    const rows = [row('good'), row('bad', change)];
    const error = await expectCode(() => from(rows, options), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, object]>([
    [
      'numbers after bytes',
      [row(0, { features: new Uint8Array(3) }), row(1)],
      { affine: { scale: 1, offset: 0 } },
    ],
    [
      'bytes that have gone through a map',
      [row(0, { features: new Uint8Array(3) })],
      { affine: { scale: 1, offset: 0, applied: true } },
    ],
    ['a map that is not finite', [row(1)], { affine: { scale: Number.NaN, offset: 0 } }],
    ['rows that are no objects', [5], {}],
    ['a text', 'abc', {}],
    ['null', null, {}],
    ['an object', {}, {}],
    ['other columns', [row(1)], { columns: 4 }],
    ['endless columns', [row(1)], { columns: 2 ** 52 }],
    ['other names of columns', [row(1)], { featureNames: ['a'] }],
    ['an unknown option', [row(1)], { batch: 3 }],
    ['no features in a row', [row(1, { features: [] })], {}],
  ])('are refused: %s', async (_, rows, options) => {
    await expectCode(() => from(rows, options), 'ERR_INVALID_ARGUMENT');
  });

  it('are refused if there are none, or two of one id', async () => {
    await expectCode(() => from([]), 'ERR_EMPTY_SET');
    const error = await expectCode(() => from([row('a'), row('b'), row('a')]), 'ERR_DUPLICATE');
    expect(error.message).toContain('rows 0 and 2 both have the id "a"');
    await expectCode(() => from([row(5), row(5)]), 'ERR_DUPLICATE');
  });

  it('throw what their source throws, which is told to stop when a row is refused', async () => {
    let stopped = false;
    async function* source() {
      try {
        yield row(1);
        yield row('text');
      } finally {
        stopped = true;
      }
    }
    await expectCode(() => from(source()), 'ERR_INVALID_ARGUMENT');
    expect(stopped).toBe(true);
    const lost = new Error('connection lost');
    async function* failing() {
      yield row(1);
      throw lost;
    }
    expect(await failure(() => from(failing()))).toBe(lost);
  });
});

describe('a long stream of rows', () => {
  const many = 200_000;
  function* rows() {
    for (let i = 0; i < many; i++) {
      yield { id: (i * 7919) % many, label: i % 3, subjects: `u${i % 999}`, features: [i, 1] };
    }
  }

  it('lets the event loop have its turns', async () => {
    let turns = 0;
    let done = false;
    const made = Dataset.from(rows()).finally(() => {
      done = true;
    });
    while (!done) {
      await setImmediate();
      turns++;
    }
    const dataset = await made;
    expect(dataset.rows).toBe(many);
    // One for each batch of 1,024 rows at least.
    expect(turns).toBeGreaterThan(many / 1024);
    expect(dataset.ids.at(many - 1)).toBe(many - 1);
    expect(dataset.subjects.size).toBe(999);
  });

  it('ends with the reason when it is aborted', async () => {
    const control = new AbortController();
    let read = 0;
    function* counted() {
      for (const one of rows()) {
        if (++read === 5000) control.abort('enough');
        yield one;
      }
    }
    const options = { signal: control.signal };
    const error = await expectCode(() => Dataset.from(counted(), options), 'ERR_ABORTED');
    expect(error.cause).toBe('enough');
    expect(read).toBeLessThan(10_000);
    await expectCode(() => Dataset.from([row(1)], options), 'ERR_ABORTED');
  });

  it('ends even while its source does not answer', async () => {
    const control = new AbortController();
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const reading = Dataset.from(silent, { signal: control.signal });
    control.abort();
    await expectCode(() => reading, 'ERR_ABORTED');
  });
});
