import { Dataset } from 'lethe';
import { describe, expect, it } from 'vitest';
import { toyData } from '../../../test/support/toy.js';
import { FIGURE_NAMES, measureFigures, POINTS, QUICK_POINTS } from '../../study/figures.js';

describe('the figures', () => {
  it('have the points of the study', () => {
    expect(POINTS.length).toBe(19);
    expect(QUICK_POINTS.length).toBe(5);
    expect(POINTS).toEqual(expect.arrayContaining(QUICK_POINTS));
  });

  it('time both methods at every point', async () => {
    const toy = toyData({ rows: 3000, columns: 784 });
    const data = { train: new Dataset(toy), test: new Dataset(toy), source: toy };
    const stages: string[] = [];
    const onStage = (stage: string) => stages.push(stage);
    const figures = await measureFigures(data, 1, [1, 40], { threads: 2, onStage });
    expect(Object.keys(figures)).toEqual([...FIGURE_NAMES]);
    for (const name of FIGURE_NAMES) {
      expect(figures[name].map(({ x }) => x)).toEqual([1, 40]);
      expect(figures[name].every(({ M0, M2 }) => M0 > 0 && M2 > 0)).toBe(true);
      expect(stages).toContain(`figures · ${name} · 40`);
    }
  });
});
