import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { mapDataset } from '#lethe/engine/linear-map';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { expectCode, failure, wrong } from '../support/errors.js';
import { ENDLESS, TOY_WIDTHS, toyData } from '../support/toy.js';

const rows = 60;
const data = toyData({ rows });
const ids = Array.from({ length: rows }, (_, row) => `id ${String(row).padStart(3, '0')}`);
const subjects = ids.map((_, row) => (row === 5 ? ['ann', 'bob'] : row === 7 ? 'ann' : 'bob'));
const fresh = () => new Dataset({ ...data, ids, subjects });

describe('an erased row', () => {
  it('is overwritten in native memory, and its neighbours are not', async () => {
    const dataset = fresh();
    const { handle } = dataset;
    const stored = (row: number) => [...handle.stored({ rows: Uint32Array.of(row) })];
    expect(stored(5)).not.toEqual(Array(12).fill(0));
    const neighbours = [stored(4), stored(6)];
    await dataset.erase([ids[5]!]);
    expect(stored(5)).toEqual(Array(12).fill(0));
    expect([stored(4), stored(6)]).toEqual(neighbours);
    const floats = new Dataset({
      ...data,
      affine: undefined!,
      features: new Float32Array(720).fill(3),
    });
    await floats.erase([2, 59]);
    const values = [...floats.handle.stored({ rows: Uint32Array.of(2, 3, 59) })];
    expect(values).toEqual([...Array(12).fill(0), ...Array(12).fill(3), ...Array(12).fill(0)]);
  });

  it('is in no set, and the others keep their positions', async () => {
    const dataset = fresh();
    const before = dataset.ids.positionOf(ids[9]!);
    await dataset.erase(dataset.ids.of(dataset.rowsOf({ subject: 'ann', owned: 'alone' })));
    expect(dataset.rows).toBe(rows);
    expect(dataset.ids.size).toBe(rows - 1);
    expect([...dataset.ids]).toEqual(ids.toSpliced(7, 1));
    expect([...dataset.allRows()]).toEqual([...ids.keys()].toSpliced(7, 1));
    expect(dataset.ids.positionOf(ids[9]!)).toBe(before);
    expect([...dataset.rowsOf({ subject: 'ann' })]).toEqual([5]);
    expect([...dataset.without([])]).toHaveLength(rows - 1);
    expect(dataset.labels[7]).toBe(0);
    await expectCode(() => dataset.ids.at(7), 'ERR_ERASED_ROW');
    await expectCode(() => dataset.subjects.of(7), 'ERR_ERASED_ROW');
    await expectCode(() => dataset.subjects.ownership(), 'ERR_ERASED_ROW');
    await expectCode(() => dataset.ids.positionOf(ids[7]!), 'ERR_UNKNOWN_ROW');
    await expectCode(() => dataset.erase([ids[7]!]), 'ERR_UNKNOWN_ROW');
  });

  it('takes the name of a subject along that owns no other', async () => {
    const dataset = fresh();
    await dataset.erase([ids[5]!, ids[7]!]);
    expect([...dataset.subjects]).toEqual(['bob']);
    await expectCode(() => dataset.rowsOf({ subject: 'ann' }), 'ERR_UNKNOWN_SUBJECT');
  });

  it('is refused by everything that reads rows, also in a set that was made before', async () => {
    const dataset = fresh();
    const set = dataset.rowSet([6, 7]);
    const half = set.slice(1);
    const model = Model.create(TOY_WIDTHS);
    await dataset.erase([ids[7]!]);
    const map = { weights: new Float32Array(12), bias: new Float32Array(1) };
    const shared = { model, dataset };
    for (const gone of [set, half, set.filter(() => true), [7], Uint32Array.of(7)]) {
      for (const read of [
        () => dataset.rowSet(gone),
        () => dataset.normalized(gone),
        () => dataset.select(gone),
        () => dataset.without(gone),
        () => mapDataset(dataset, map, { rows: gone }),
        () => model.logits(dataset, gone),
        () => model.evaluate(dataset, gone),
        () => model.train(dataset, { rows: gone }),
        () => model.fisher(dataset, gone, { mode: 'batch' }),
        () => pass(model, dataset, { rows: gone }, { target: 'label' }, { kind: 'logits' }),
        () => exactRetrain({ ...shared, forget: [0], retain: gone }),
        () => exactRetrain({ ...shared, forget: gone, retain: [0] }),
      ]) {
        const error = await expectCode(read, 'ERR_ERASED_ROW');
        expect(error.message).toContain('row 7 of toy');
      }
    }
    expect([...dataset.rowSet(set.slice(0, 1))]).toEqual([6]);
  });

  it('leaves a training on the others as it was', async () => {
    const dataset = fresh();
    const retain = dataset.without({ subject: 'ann' });
    const hashOf = async () => {
      const model = Model.create(TOY_WIDTHS, { seed: 1 });
      await model.train(dataset, { rows: retain, seed: 1 });
      return model.hash();
    };
    const before = await hashOf();
    await dataset.erase([ids[5]!, ids[7]!]);
    expect(await hashOf()).toBe(before);
    const model = Model.create(TOY_WIDTHS, { seed: 1 });
    await model.train(dataset, { seed: 1 });
    expect(model.hash()).toBe(before);
  });

  it('can be every row', async () => {
    const dataset = fresh();
    await dataset.erase(ids);
    expect([...dataset.ids]).toEqual([]);
    expect(dataset.allRows()).toHaveLength(0);
    await expectCode(() => Model.create(TOY_WIDTHS).train(dataset), 'ERR_EMPTY_SET');
    expect(await dataset.digest()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('an erasure', () => {
  it('is refused while a run reads the data set, and then goes through', async () => {
    const dataset = fresh();
    const model = Model.create(TOY_WIDTHS);
    const control = new AbortController();
    const training = failure(() => model.train(dataset, { ...ENDLESS, signal: control.signal }));
    await expectCode(() => dataset.erase([ids[0]!]), 'ERR_BUSY');
    expect(dataset.ids.has(ids[0]!)).toBe(true);
    control.abort();
    await training;
    const digest = dataset.digest();
    await expectCode(() => dataset.erase([ids[0]!]), 'ERR_BUSY');
    await digest;
    await dataset.erase([ids[0]!]);
    expect(dataset.ids.has(ids[0]!)).toBe(false);
  });

  it('of unknown rows erases none', async () => {
    const dataset = fresh();
    const digest = await dataset.digest();
    await expectCode(() => dataset.erase([ids[1]!, 'nobody']), 'ERR_UNKNOWN_ROW');
    await expectCode(() => dataset.erase([ids[1]!, ids[1]!]), 'ERR_DUPLICATE');
    for (const bad of [null, 5, 'id 001', [null], [{}]]) {
      await expectCode(() => dataset.erase(wrong(bad)), 'ERR_INVALID_ARGUMENT');
    }
    await dataset.erase([]);
    expect(await dataset.digest()).toBe(digest);
  });
});
