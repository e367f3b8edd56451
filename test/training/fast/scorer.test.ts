import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { hardestOfEachClass, scoreRows } from '#lethe/training/fast/scorer';
import { range, toyData } from '../../support/toy.js';

const ROWS = 1200;

/** Toy rows, with wrong labels at the given positions. */
function datasetWithWrong(rows: readonly number[]): Dataset {
  const data = toyData({ rows: ROWS });
  const labels = Uint32Array.from(data.labels);
  for (const row of rows) labels[row] = (labels[row]! + 1) % 3;
  return new Dataset({ ...data, labels });
}

const run = (hardestShare: number) => ({ classes: 3, hardestShare, seed: 1 });

describe('scoreRows', () => {
  it('divides the rows into the hardest of each class and the rest', async () => {
    const dataset = datasetWithWrong([]);
    const { rows, accuracy } = await scoreRows(dataset, run(0.25), {});
    expect(accuracy).toBe(1);
    expect([...rows!.hardest, ...rows!.rest].sort((a, b) => a - b)).toEqual(range(0, ROWS));
    for (const label of [0, 1, 2]) {
      const own = rows!.hardest.filter((row) => dataset.labels[row] === label);
      expect(own.length).toBe(ROWS / 3 / 4);
    }
  });

  it('ranks rows with a wrong label as the hardest of their class', async () => {
    const wrong = range(0, 40).map((i) => 29 * i);
    const { rows } = await scoreRows(datasetWithWrong(wrong), run(0.05), {});
    const found = new Set(rows!.hardest);
    expect(wrong.filter((row) => found.has(row)).length).toBe(40);
  });

  it('does not divide them where it errs too often to tell hard rows from wrong ones', async () => {
    // Of every class about a sixth, in no order that could be learnt.
    const wrong = range(0, ROWS).filter((row) => (Math.imul(row + 1, 0x9e3779b1) >>> 9) % 6 === 0);
    const { rows, accuracy } = await scoreRows(datasetWithWrong(wrong), run(0.2), {});
    expect(Math.abs(accuracy - (1 - wrong.length / ROWS))).toBeLessThan(0.03);
    expect(rows).toBeUndefined();
  });

  it('has as many outputs as the network to train, whatever classes the data set has', async () => {
    const data = toyData({ rows: ROWS });
    const [few, many] = [3, 5].map((classes) => new Dataset({ ...data, classes }));
    const scored = await Promise.all(
      [few!, many!].map((dataset) => scoreRows(dataset, { ...run(0.2), classes: 5 }, {})),
    );
    expect([...scored[1]!.rows!.hardest]).toEqual([...scored[0]!.rows!.hardest]);
  });
});

describe('hardestOfEachClass', () => {
  /** Losses with a hit beside each, as the engine answers them. */
  const values = (...losses: number[]) => Float32Array.from(losses.flatMap((loss) => [loss, 1]));
  const labels = Uint32Array.of(0, 1, 0, 1, 0, 1, 0, 2);

  it('takes the same share of each class, at least one row', () => {
    const losses = values(9, 1, 8, 3, 7, 2, 6, 0);
    const { hardest, rest } = hardestOfEachClass(losses, labels, 4, 0.5);
    expect([...hardest]).toEqual([0, 2, 3, 7]);
    expect([...rest]).toEqual([1, 4, 5, 6]);
  });

  it('takes of rows that are equally hard the first, and no more than asked for', () => {
    const losses = values(5, 1, 6, 1, 5, 1, 5, 0);
    const { hardest } = hardestOfEachClass(losses, labels, 3, 0.5);
    expect([...hardest]).toEqual([0, 1, 2, 7]);
  });
});
