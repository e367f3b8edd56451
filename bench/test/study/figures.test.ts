import { Dataset } from 'lethe';
import { describe, expect, it } from 'vitest';
import { toyData } from '../../../test/support/toy.js';
import { FIGURE_NAMES, measureFigures, POINTS, QUICK_POINTS } from '../../study/figures.js';

describe('the figures', () => {
  it('have the points of the study', () => {
    expect(POINTS.length).toBe(19);
    expect(QUICK_POINTS.length).toBe(3);
    expect(POINTS).toEqual(expect.arrayContaining(QUICK_POINTS));
  });

  it('time each method at every point, in rounds', async () => {
    const toy = toyData({ rows: 3000, columns: 784 });
    const data = { train: new Dataset(toy), test: new Dataset(toy), source: toy };
    const stages: string[] = [];
    const onStage = (stage: string) => stages.push(stage);
    const figures = await measureFigures(data, 1, [1, 40], { threads: 2, onStage });
    expect(Object.keys(figures)).toEqual([...FIGURE_NAMES]);
    for (const name of FIGURE_NAMES) {
      expect(figures[name].map(({ x }) => x)).toEqual([1, 40]);
      expect(figures[name].every(({ M0, M2, exact }) => M0 > 0 && M2 > 0 && exact > 0)).toBe(true);
    }
    const round = FIGURE_NAMES.flatMap((name) => [`${name} · 1`, `${name} · 40`]);
    expect(stages.slice(1)).toEqual(
      [1, 2, 3].flatMap((run) => round.map((point) => `figures · ${point} · run ${run} of 3`)),
    );
  });
});
