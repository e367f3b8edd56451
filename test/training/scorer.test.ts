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

  it('gives up as many as are wrong beyond 5 %', async () => {
    const data = toyData({ rows: 1210 });
    const labels = Uint32Array.from(data.labels);
    const wrong = range(0, 1210).filter((row) => (Math.imul(row + 1, 0x9e3779b1) >>> 5) % 25 < 2);
    for (const row of wrong) labels[row] = (labels[row]! + 1) % 3;
    const scored = await scoreRows(new Dataset({ ...data, labels }), 0.2, 1, {});
    // The toy is so easy that its errors are the wrong labels, 8 %: 96 - 60.5, in whole rows.
    expect(wrong.length).toBe(96);
    expect(scored.accuracy).toBeCloseTo(1 - 96 / 1210, 12);
    expect(scored.skipped).toBe(35);
    const kept = new Set([...scored.hardest, ...scored.rest]);
    expect(wrong.filter((row) => kept.has(row)).length).toBe(96 - 35);
  });

  it('takes of rows that are equally hard the first, and no more than asked for', async () => {
    const { columns, features, ...data } = toyData({ rows: ROWS });
    // Every row is one of three, so that there are three losses and hundreds of ties.
    const classOf = (row: number) => data.labels[row]!;
    const patterns = range(0, 3).map((kind) => data.labels.indexOf(kind) * columns);
    const repeated = features.map((_, i) => {
      const start = patterns[classOf(Math.floor(i / columns))]!;
      return features[start + (i % columns)]!;
    });
    const dataset = new Dataset({ ...data, columns, features: repeated });
    const { hardest, rest, skipped } = await scoreRows(dataset, 0.1, 1, {});
    expect(skipped).toBe(0);
    expect(hardest.length).toBe(ROWS / 10);
    expect(rest.length).toBe(ROWS - ROWS / 10);
    const hardestClass = classOf(hardest.positions[0]!);
    const ofThatClass = range(0, ROWS).filter((row) => classOf(row) === hardestClass);
    expect([...hardest]).toEqual(ofThatClass.slice(0, ROWS / 10));
  });

  it('finds a hardest row, however small the share', async () => {
    const { hardest, rest } = await scoreRows(datasetWithWrong([]), 1e-4, 1, {});
    expect([hardest.length, rest.length]).toEqual([1, ROWS - 1]);
  });

  it('never leaves nothing to train on', async () => {
    const data = toyData({ rows: 1000 });
    const labels = data.labels.map((_, row) => (Math.imul(row + 1, 0x9e3779b1) >>> 8) % 3);
    const { hardest, skipped } = await scoreRows(new Dataset({ ...data, labels }), 0.9, 1, {});
    expect(skipped).toBeGreaterThan(300);
    expect(hardest.length).toBe(1000 - skipped);
  });
});
