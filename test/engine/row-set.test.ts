import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import { RowSet } from '#lethe/engine/row-set';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { expectCode, wrong } from '../support/errors.js';
import { toyDataset } from '../support/toy.js';

const ROWS = 40;
const dataset = toyDataset({ rows: ROWS, columns: 4 });

describe('a row set', () => {
  it('cannot be changed through what it gives away', () => {
    const rows = dataset.rowSet([3, 1, 2]);
    rows.positions[0] = 9;
    rows.filter(
      wrong((row: number, index: number, all?: Uint32Array) => {
        if (all) all[index] = 9;
        return row > 0;
      }),
    );
    expect([...rows]).toEqual([3, 1, 2]);
    expect(() => {
      (rows as { dataset: unknown }).dataset = toyDataset({ rows: 3 });
    }).toThrow(TypeError);
    expect(rows.dataset).toBe(dataset);
  });

  it('keeps a forgotten row out of a retrain that has begun', async () => {
    const model = Model.create([4, 6, dataset.classes], { seed: 1 });
    const forget = dataset.rowSet([7]);
    const retain = dataset.rowSet([...Array(ROWS).keys()].filter((row) => row !== 7));
    const request = { model, dataset, forget, retain };
    const undisturbed = await exactRetrain(request);
    const running = exactRetrain(request);
    retain.positions[0] = 7;
    expect((await running).model.hash()).toBe(undisturbed.model.hash());
  });

  it('is made only by checking its positions', async () => {
    const Forged = wrong(RowSet) as new (...given: unknown[]) => RowSet;
    await expectCode(
      () => new Forged(Symbol('checked'), dataset, Uint32Array.of(99)),
      'ERR_INVALID_ARGUMENT',
    );
    const rows = dataset.rowSet([1]);
    for (const forged of [Object.create(RowSet.prototype), new Proxy(rows, {})]) {
      await expectCode(() => dataset.rowSet(forged), 'ERR_INVALID_ARGUMENT');
    }
  });

  it('takes a list of rows wherever it takes a set', async () => {
    const rows = dataset.rowSet([4, 2]);
    expect([...rows.followedBy([7])]).toEqual([4, 2, 7]);
    await expectCode(() => rows.followedBy([4]), 'ERR_INVALID_ROWS');
    await expectCode(() => rows.followedBy(wrong(null)), 'ERR_INVALID_ARGUMENT');
  });

  it('is read once, though an element may shorten its list', async () => {
    const list = [1, 2, 3];
    Object.defineProperty(list, 0, {
      get: () => {
        list.length = 1;
        return 1;
      },
    });
    await expectCode(() => dataset.rowSet(list), 'ERR_INVALID_ROWS');
  });

  it('says which set and which data set is wrong', async () => {
    const twin = toyDataset({ rows: ROWS, columns: 4 });
    const foreign = await expectCode(
      () => dataset.nonEmptyRowSet(twin.rowSet([1]), 'forget set'),
      'ERR_INVALID_ROWS',
    );
    expect(foreign.message).toMatch(/^the forget set .* another data set of this name$/);
    const request = { model: Model.create([4, 3]), dataset, forget: [2], retain: [1, 2] };
    const shared = await expectCode(() => exactRetrain(request), 'ERR_INVALID_ROWS');
    expect(shared.message).toMatch(/^row 2 .* both the forget set and the retain set/);
  });
});
