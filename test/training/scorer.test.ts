import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { scoreRows } from '#lethe/training/scorer';
import { range, toyData } from '../support/toy.js';

const ROWS = 1200;

/** Toy rows, with wrong labels at the given positions. */
function datasetWithWrong(rows: readonly number[]): Dataset {
  const data = toyData({ rows: ROWS });
  const labels = Uint32Array.from(data.labels);
  for (const row of rows) labels[row] = (labels[row]! + 1) % 3;
  return new Dataset({ ...data, labels });
}

describe('scoreRows', () => {
  it('divides the rows into the hardest and the rest', async () => {
    const scored = await scoreRows(datasetWithWrong([]), 0.25, 1, {});
    expect(scored.accuracy).toBe(1);
    expect(scored.skipped).toBe(0);
    expect(scored.hardest.length).toBe(ROWS / 4);
    expect([...scored.hardest, ...scored.rest].sort((a, b) => a - b)).toEqual(range(0, ROWS));
  });

  it('ranks rows with a wrong label as the hardest', async () => {
    const wrong = range(0, 40).map((i) => 29 * i);
    const { hardest, skipped } = await scoreRows(datasetWithWrong(wrong), 0.05, 1, {});
    expect(skipped).toBe(0);
    const found = new Set(hardest);
    expect(wrong.filter((row) => found.has(row)).length).toBe(40);
  });

  it('skips rows if far more are misclassified than expected of a thin network', async () => {
    const wrong = range(0, 300).map((i) => 4 * i);
    const { hardest, rest, skipped } = await scoreRows(datasetWithWrong(wrong), 0.1, 1, {});
    expect(skipped).toBeGreaterThan(100);
    expect(hardest.length).toBe(ROWS / 10);
    expect(hardest.length + rest.length + skipped).toBe(ROWS);
    const kept = new Set([...hardest, ...rest]);
    expect(wrong.filter((row) => kept.has(row)).length).toBeLessThan(300 - 0.8 * skipped);
  });

  it('always leaves some rows to train on', async () => {
    const data = toyData({ rows: 1000 });
    const labels = data.labels.map((_, row) => (Math.imul(row + 1, 0x9e3779b1) >>> 8) % 3);
    const { hardest, skipped } = await scoreRows(new Dataset({ ...data, labels }), 0.9, 1, {});
    expect(skipped).toBeGreaterThan(300);
    expect(hardest.length).toBe(1000 - skipped);
  });
});
