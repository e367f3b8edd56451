import { describe, expect, it } from 'vitest';
import { markForgotten } from '#lethe/unlearn/sharded/forget-set';
import { partByOwner } from '#lethe/unlearn/sharded/shards';
import { expectCode, wrong } from '../../support/errors.js';
import { toyDataset } from '../../support/toy.js';

/** Rows 0, 1, ... with these owners. */
const owned = (owners: number[]) => ({
  rows: Uint32Array.from(owners.keys()),
  owners: Uint32Array.from(owners),
});
const repeated = (counts: Record<number, number>) =>
  Object.entries(counts).flatMap(([owner, rows]) => Array<number>(rows).fill(Number(owner)));
const ownersOf = (parts: ReturnType<typeof partByOwner>) =>
  parts.map(({ owners }) => [...new Set(owners)].sort((a, b) => a - b));

describe('the parts', () => {
  it('get the largest owners first, each in the smallest part', () => {
    // Computed by hand: 5 | -, 5 | 4, 5 | 4 + 3, 5 + 3 | 7, 8 | 7 + 2.
    const parts = partByOwner(owned(repeated({ 7: 2, 1: 3, 9: 5, 4: 4, 2: 3 })), 2, 'shards');
    expect(ownersOf(parts)).toEqual([
      [2, 9],
      [1, 4, 7],
    ]);
    expect(parts.map(({ rows }) => rows.length)).toEqual([8, 9]);
  });

  it('prefer the lower owner and the first part among equals', () => {
    expect(ownersOf(partByOwner(owned([30, 20, 10]), 3, 'shards'))).toEqual([[10], [20], [30]]);
    expect(ownersOf(partByOwner(owned([30, 20, 10]), 2, 'shards'))).toEqual([[10, 30], [20]]);
  });

  it('keep the rows in their order, and hold each once', () => {
    const parts = partByOwner(owned([1, 2, 3, 1, 2, 3, 4]), 2, 'shards');
    for (const { rows } of parts) expect(rows).toEqual(rows.toSorted());
    expect(parts.flatMap(({ rows }) => [...rows]).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('need at least one owner each', async () => {
    await expectCode(() => partByOwner(owned([1, 1, 2]), 3, 'shards'), 'ERR_INVALID_ARGUMENT');
  });
});

describe('the forget set', () => {
  const dataset = toyDataset({ rows: 10 });
  const known = partByOwner(owned([5, 5, 6, 6, 6, 7, 8]), 2, 'shards');
  const marked = (forgotten: Parameters<typeof markForgotten>[2]) =>
    [...markForgotten(known, dataset, forgotten).entries()].flatMap(([row, is]) => (is ? row : []));

  it('may be rows, or all rows of owners', () => {
    expect(marked([4, 0])).toEqual([0, 4]);
    expect(marked({ owners: [6] })).toEqual([2, 3, 4]);
    expect(marked({ owners: Uint32Array.of(8, 5) })).toEqual([0, 1, 6]);
  });

  it.each([
    ['no rows', [], 'ERR_EMPTY_SET'],
    ['no owners', { owners: [] }, 'ERR_EMPTY_SET'],
    ['a row that was not trained on', [0, 7], 'ERR_INVALID_ROWS'],
    ['a row that is not there', [10], 'ERR_INVALID_ROWS'],
    ['a row twice', [1, 1], 'ERR_INVALID_ROWS'],
    ['an owner of nothing', { owners: [5, 9] }, 'ERR_UNKNOWN_SUBJECT'],
    ['an owner that is no number', { owners: ['user-5'] }, 'ERR_INVALID_ARGUMENT'],
    ['neither', {}, 'ERR_INVALID_ARGUMENT'],
    ['null', null, 'ERR_INVALID_ARGUMENT'],
  ] as const)('is not %s', async (_, forgotten, code) => {
    await expectCode(() => marked(wrong(forgotten)), code);
  });
});
