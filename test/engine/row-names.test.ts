import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { mapDataset } from '#lethe/engine/linear-map';
import { Model } from '#lethe/engine/model';
import { trainModel } from '#lethe/training/train-model';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { expectCode, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyData } from '../support/toy.js';

const data = toyData({ rows: 4 });
const named = (ids: unknown, more: object = {}) => new Dataset(wrong({ ...data, ids, ...more }));
const MAX = 2n ** 63n - 1n;

describe('the ids of rows', () => {
  it('sort the rows: whole numbers by value', () => {
    const dataset = named([10, 9n, MAX, -5]);
    expect([...dataset.ids]).toEqual([-5, 9, 10, MAX]);
    const order = [3, 1, 0, 2];
    expect([...dataset.labels]).toEqual(order.map((row) => data.labels[row]));
    const unnamed = new Dataset(data);
    expect(dataset.normalized(dataset.allRows())).toEqual(unnamed.normalized(order));
    expect(dataset.ids.positionOf(10n)).toBe(2);
    expect(dataset.ids.positionOf(MAX)).toBe(3);
    expect(dataset.ids.at(1)).toBe(9);
  });

  it('sort the rows: texts by their bytes in UTF-8, not by UTF-16', () => {
    const texts = ['\u{1f600}', '\ufb01', 'é', 'e'];
    const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(byBytes).not.toEqual(texts.toSorted());
    const dataset = named(texts);
    expect([...dataset.ids]).toEqual(byBytes);
    for (const [position, text] of byBytes.entries()) {
      expect(dataset.ids.positionOf(text)).toBe(position);
    }
  });

  it('come back as they were, whatever they are', () => {
    const id: fc.Arbitrary<unknown> = fc.string({ unit: 'grapheme', minLength: 1 });
    const number: fc.Arbitrary<unknown> = fc.bigInt({ min: -(2n ** 63n), max: MAX });
    for (const kind of [id, number]) {
      fc.assert(
        fc.property(fc.uniqueArray(kind, { minLength: 1, maxLength: 40 }), (ids) => {
          const rows = ids.length;
          const dataset = new Dataset(wrong({ ...toyData({ rows }), ids }));
          expect(new Set([...dataset.ids].map(bigintOrText))).toEqual(new Set(ids));
          for (const [position, name] of [...dataset.ids].entries()) {
            expect(dataset.ids.positionOf(name)).toBe(position);
          }
        }),
        { numRuns: 60, seed: 3 },
      );
    }
  });

  it('are positions where none are given', async () => {
    const dataset = new Dataset(data);
    expect(dataset.ids.arePositions).toBe(true);
    expect([...dataset.ids]).toEqual([0, 1, 2, 3]);
    expect(dataset.ids.positionOf(2n)).toBe(2);
    expect([...dataset.rowsOf({ ids: [3, 1] })]).toEqual([1, 3]);
    await expectCode(() => dataset.ids.positionOf(4), 'ERR_UNKNOWN_ROW');
    await expectCode(() => dataset.ids.positionOf('2'), 'ERR_UNKNOWN_ROW');
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a text among numbers',
      [1, 2, 'x', 3],
      /id of row 2 is a string, but that of row 0 is a number/,
    ],
    ['an empty text', ['a', '', 'b', 'c'], /id of row 1 is empty/],
    ['half a pair', ['a', '\ud800', 'b', 'c'], /row 1 holds half a surrogate pair/],
    ['a fraction', [1.5, 2, 3, 4], /row 0 must be a text or a whole number, but is 1.5/],
    ['a rounded number', [2 ** 53, 2, 3, 4], /not hold exactly: give a bigint/],
    ['65 bits', [MAX + 1n, 2n, 3n, 4n], /64 bits/],
    ['nothing', [1, undefined, 3, 4], /id of row 1/],
    ['null', [null, 2, 3, 4], /id of row 0/],
    ['an object', [{}, 2, 3, 4], /id of row 0 .* is an object/],
    ['a date', [new Date(), 2, 3, 4], /id of row 0/],
    ['too few', [1, 2, 3], /one value for each of the 4 rows, but hold 3/],
    ['too many', Array(10).keys(), /more than 4/],
    ['a number instead of a list', 5, /ids must be an array/],
    ['a text instead of a list', 'abcd', /ids must be an array/],
  ])('are refused: %s', async (_, ids, message) => {
    const error = await expectCode(() => named(ids), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it.each([
    [['b', 'a', 'c', 'a'], /rows 1 and 3 both have the id "a"/],
    [[7, 7n, 8, 9], /rows 0 and 1 both have the id 7/],
  ])('are refused if two are the same: %s', async (ids, message) => {
    const error = await expectCode(() => named(ids), 'ERR_DUPLICATE');
    expect(error.message).toMatch(message);
  });

  it('are found or refused by rowsOf', async () => {
    const dataset = named(['d', 'c', 'b', 'a']);
    expect(dataset.ids.of(dataset.rowsOf({ ids: ['d', 'a'] }))).toEqual(['a', 'd']);
    expect(dataset.ids.of(dataset.without({ ids: new Set(['d', 'a']) }))).toEqual(['b', 'c']);
    expect([...dataset.without([0, 3])]).toEqual([1, 2]);
    expect([...dataset.without(dataset.rowSet([1]))]).toEqual([0, 2, 3]);
    const unknown = await expectCode(() => dataset.rowsOf({ ids: ['x'] }), 'ERR_UNKNOWN_ROW');
    expect(unknown.message).toContain('"x"');
    await expectCode(() => dataset.rowsOf({ ids: ['a', 'a'] }), 'ERR_DUPLICATE');
    for (const query of [
      {},
      { ids: ['a'], subject: 'a' },
      { ids: ['a'], owned: 'alone' },
      null,
      5,
    ]) {
      await expectCode(() => dataset.rowsOf(wrong(query)), 'ERR_INVALID_ARGUMENT');
    }
    await expectCode(() => dataset.rowsOf({ ids: wrong('a') }), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => dataset.rowsOf({ ids: wrong([null]) }), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => dataset.ids.at(4), 'ERR_INVALID_ROWS');
  });
});

const bigintOrText = (id: unknown) => (typeof id === 'number' ? BigInt(id) : id);

describe('the subjects of rows', () => {
  const subjects = ['17', [17, 'ann'], undefined, ['ann', 17n, 'ann']];
  const dataset = named([4, 3, 2, 1], { subjects });

  it('are in ascending order, and belong to the rows whose ids they were given with', () => {
    expect([...dataset.subjects]).toEqual([17, '17', 'ann']);
    expect(dataset.subjects.size).toBe(3);
    expect([0, 1, 2, 3].map((row) => dataset.subjects.of(row))).toEqual([
      [17, 'ann'],
      [],
      [17, 'ann'],
      ['17'],
    ]);
  });

  it('find their rows, those that they share with others and those that they do not', () => {
    expect([...dataset.rowsOf({ subject: 17 })]).toEqual([0, 2]);
    expect([...dataset.rowsOf({ subject: 17n, owned: 'shared' })]).toEqual([0, 2]);
    expect([...dataset.rowsOf({ subject: 17, owned: 'alone' })]).toEqual([]);
    expect([...dataset.rowsOf({ subject: '17', owned: 'alone' })]).toEqual([3]);
    expect([...dataset.without({ subject: 'ann' })]).toEqual([1, 3]);
  });

  it('that own no row are unknown, and another type of the same name is named', async () => {
    await expectCode(() => dataset.rowsOf({ subject: 'bob' }), 'ERR_UNKNOWN_SUBJECT');
    const numbers = named([1, 2, 3, 4], { subjects: [17, 18, 19, 20] });
    const error = await expectCode(() => numbers.rowsOf({ subject: '17' }), 'ERR_UNKNOWN_SUBJECT');
    expect(error.message).toContain('there is 17, a number');
    for (const subject of [null, '', {}, 1.5]) {
      await expectCode(() => dataset.rowsOf({ subject: wrong(subject) }), 'ERR_INVALID_ARGUMENT');
    }
    const owned = wrong('both');
    await expectCode(() => dataset.rowsOf({ subject: 17, owned }), 'ERR_INVALID_ARGUMENT');
  });

  it.each<[string, unknown]>([
    ['null', ['a', null, 'b', 'c']],
    ['an empty text', ['a', ['b', ''], 'b', 'c']],
    ['undefined among several', ['a', ['b', undefined], 'b', 'c']],
    ['an object', ['a', {}, 'b', 'c']],
    ['a fraction', ['a', 0.5, 'b', 'c']],
    ['too few', ['a']],
    ['a text', 'abcd'],
    ['an owner that is not there', { subjects: ['a'], owners: Uint32Array.of(0, 0, 0, 1) }],
    ['owners of another type', { subjects: ['a'], owners: [0, 0, 0, 0] }],
  ])('are refused: %s', async (_, given) => {
    const error = await expectCode(
      () => named(undefined, { subjects: given }),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error.message).toMatch(/subject|owner/);
  });

  it('may be given and taken as one owner each', async () => {
    const ownership = { subjects: ['b', 'a'], owners: Uint32Array.of(0, 1, 1, 0) };
    const owned = named([1, 2, 3, 4], { subjects: ownership });
    expect(owned.subjects.ownership()).toEqual({
      subjects: ['a', 'b'],
      owners: Uint32Array.of(1, 0, 0, 1),
    });
    await expectCode(() => dataset.subjects.ownership(), 'ERR_INVALID_ARGUMENT');
  });
});

describe('names of classes and columns', () => {
  const classNames = ['a', 'b', 'c'];

  it('make the number of classes, and stay when the last row of a class leaves', async () => {
    const { classes: _, ...rest } = data;
    const dataset = new Dataset({ ...rest, classNames, ids: ['w', 'x', 'y', 'z'] });
    expect(dataset.classes).toBe(3);
    const left = dataset.allRows().filter((row) => dataset.labels[row] !== 1);
    const selected = dataset.select(left);
    expect(selected).toMatchObject({ classes: 3, classNames });
    expect([...selected.ids]).toEqual(dataset.ids.of(left));
    const map = { weights: new Float32Array(24), bias: new Float32Array(2) };
    expect(await mapDataset(dataset, map)).toMatchObject({ classNames, featureNames: undefined });
  });

  it('follow the columns that are selected', () => {
    const featureNames = Array.from({ length: 12 }, (_, i) => `f${i}`);
    const selected = new Dataset({ ...data, featureNames }).select([0], { columns: [3, 0, 3] });
    expect(selected.featureNames).toEqual(['f3', 'f0', 'f3']);
  });

  it.each<[string, object]>([
    ['twice the same', { classNames: ['a', 'b', 'a'] }],
    ['another number of classes', { classNames: ['a', 'b'] }],
    ['an empty one', { classNames: ['a', '', 'c'] }],
    ['half a pair', { classNames: ['a', '\udc00', 'c'] }],
    ['a number', { classNames: [1, 2, 3] }],
    ['no list', { classNames: 'abc' }],
    ['none', { classNames: [], classes: undefined }],
    ['another number of columns', { featureNames: ['x'] }],
    ['neither names nor a number of classes', { classes: undefined }],
  ])('are refused: %s', async (_, change) => {
    await expectCode(() => new Dataset(wrong({ ...data, ...change })), 'ERR_INVALID_ARGUMENT');
  });
});

describe('a training', () => {
  const rows = 300;
  const all = toyData({ rows });
  const order = [...all.labels.keys()].sort((a, b) => ((a * 7) % rows) - ((b * 7) % rows));
  const ids = [...all.labels.keys()].map((row) => `row ${row}`);
  const subjects = ids.map((_, row) => (row * 3) % 20);
  const straight = new Dataset({ ...all, ids, subjects });
  const shuffled = new Dataset({
    ...all,
    features: Uint8Array.from(
      order.flatMap((row) => [...all.features.subarray(12 * row, 12 * row + 12)]),
    ),
    labels: Uint32Array.from(order, (row) => all.labels[row]!),
    ids: order.map((row) => ids[row]!),
    subjects: order.map((row) => subjects[row]!),
  });

  it('has the same bits in whatever order the rows came', async () => {
    expect(await shuffled.digest()).toBe(await straight.digest());
    const hashes = [straight, shuffled].map(async (dataset) => {
      const { model } = await trainModel(TOY_WIDTHS, dataset);
      const sisa = await Sisa.train(TOY_WIDTHS, dataset, { recipe: 'plain', shards: 2 });
      const forgotten = await sisa.forget(dataset, dataset.rowsOf({ subject: 6 }));
      return [model.hash(), sisa.ensemble.hash(), forgotten.sisa.ensemble.hash()];
    });
    const [first, second] = await Promise.all(hashes);
    expect(second).toEqual(first);
  });

  it('knows classes by the widths, not by those that have a row', async () => {
    const widths = [12, 8, 5];
    const hashes = new Set<string>();
    for (const classes of [3, 4, 5]) {
      const dataset = new Dataset({ ...all, classes });
      for (const recipe of ['plain', 'steady'] as const) {
        hashes.add((await trainModel(widths, dataset, { recipe })).model.hash());
      }
    }
    expect(hashes.size).toBe(2);
  });

  it('on the rows left has the bits of rows that were never there', async () => {
    const { model } = await trainModel(TOY_WIDTHS, straight, { recipe: 'steady' });
    const retain = straight.without({ subject: 6 });
    const forget = straight.rowsOf({ subject: 6 });
    const forgotten = await exactRetrain({ model, dataset: straight, forget, retain });
    const never = await trainModel(TOY_WIDTHS, straight.select(retain), { recipe: 'steady' });
    expect(forgotten.model.hash()).toBe(never.model.hash());
  });

  it('in shards asks for owners where rows do not have exactly one', async () => {
    const several = new Dataset({ ...all, subjects: subjects.map((a) => (a === 3 ? [3, 4] : a)) });
    const error = await expectCode(() => Sisa.train(TOY_WIDTHS, several), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('row 1 of toy has 2 subjects');
    const { reasons } = await trainModel(TOY_WIDTHS, several);
    expect(reasons[0]).toContain('row 1 of toy has 2 subjects');
    await expectCode(() => Sisa.train(TOY_WIDTHS, new Dataset(all)), 'ERR_INVALID_ARGUMENT');
  });
});

it('a selection of named rows is in the order of their ids, a mapped data set in the given one', async () => {
  const dataset = named(['a', 'b', 'c', 'd'], { subjects: ['s', 't', 's', 'u'] });
  const selected = dataset.select([3, 0, 2]);
  expect([...selected.ids]).toEqual(['a', 'c', 'd']);
  expect([...selected.subjects]).toEqual(['s', 'u']);
  expect([...selected.rowsOf({ subject: 's' })]).toEqual([0, 1]);
  await expectCode(() => selected.rowsOf({ subject: 't' }), 'ERR_UNKNOWN_SUBJECT');
  const map = { weights: new Float32Array(12).fill(1), bias: new Float32Array(1) };
  const mapped = await mapDataset(dataset, map, { rows: [3, 0] });
  expect(mapped.ids.arePositions).toBe(true);
  expect([...mapped.rowsOf({ subject: 'u' })]).toEqual([0]);
  const model = Model.create([1, 3]);
  expect(await model.logits(mapped, [0])).toHaveLength(3);
});
