import { describe, expect, it } from 'vitest';
import { generated } from '../../data/bench-set.js';
import { around, centres } from '../../data/shapes.js';
import { RECIPES, selectRecipes } from '../../recipes/entries.js';
import { measureSet, workOfRow } from '../../recipes/measure.js';
import { selectSets } from '../../recipes/selection.js';

const toy = (kind: 'table' | 'small', deviation: number) =>
  generated(
    { ...{ name: 'toy', kind, hidden: [8] }, ...{ rows: 200, columns: 4, classes: 3 } },
    (draws) => {
      const centre = centres(draws, 3, 4, deviation);
      return (row) => {
        const label = draws.below(3);
        around(draws, row, centre[label]!);
        return label;
      };
    },
  );

const compute = { threads: 1 };

describe('a data set', () => {
  it('is learnt by M0, every recipe and M0 again, by every seed', async () => {
    const entry = toy('table', 3);
    const stages: string[] = [];
    const recipes = selectRecipes(['fast', 'plain']);
    const onStage = (stage: string) => stages.push(stage);
    const figures = await measureSet(entry, await entry.make({}), {
      ...{ recipes, seeds: [5, 6], compute, onStage },
    });
    expect(figures).toMatchObject({
      ...{ name: 'toy', kind: 'table', widths: [4, 8, 3], shards: [] },
      ...{ rows: 135, deletedRows: 15, testRows: 50 },
    });
    expect(figures.references.map(({ seed }) => seed)).toEqual([10_005, 20_005, 10_006, 20_006]);
    expect(stages.slice(0, 4).map((stage) => stage.split(' · ')[2])).toEqual([
      ...['M0', 'fast', 'plain', "M0'"],
    ]);
    const [fast, plain] = figures.recipes;
    expect(fast!.runs.map(({ seed, diverged }) => [seed, diverged])).toEqual([
      [5, false],
      [6, false],
    ]);
    for (const { choice, reasons } of fast!.runs) {
      expect(choice).toMatch(/./);
      expect(reasons.length).toBeGreaterThan(0);
    }
    // Besides M0's training a look at all rows, to report the quality.
    const look = 135 * (4 * 8 + 8 * 3);
    for (const [i, run] of plain!.runs.entries()) {
      expect(run.multiplyAdds).toBe(figures.references[2 * i]!.multiplyAdds + look);
      expect(run.multiplyAdds).toBe(5 * 135 * workOfRow([4, 8, 3]) + look);
    }
  });

  it('of few rows is learnt for long, and in shards', async () => {
    const entry = toy('small', 3);
    const figures = await measureSet(entry, await entry.make({}), {
      ...{ recipes: [], seeds: [5], compute, onStage: () => {} },
    });
    expect(figures.references[0]!.multiplyAdds).toBe(200 * 135 * workOfRow([4, 8, 3]));
    expect(figures.references[0]!.test).toBeGreaterThan(90);
    expect(figures.shards.length).toBe(1);
  });

  it('may be too much for M0, which then counts as the most frequent class', async () => {
    const entry = toy('table', 1e18);
    const { references, mostFrequent } = await measureSet(entry, await entry.make({}), {
      ...{ recipes: [], seeds: [5], compute, onStage: () => {} },
    });
    expect(references[0]).toMatchObject({ diverged: true, ...mostFrequent });
  });
});

describe('a selection', () => {
  it('takes names and kinds', () => {
    const names = selectSets(['text', 'iris'], false).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['tf-idf', 'iris']));
    expect(names).not.toContain('digits');
    expect(selectSets(undefined, true).length).toBe(10);
  });

  it('refuses what there is not', () => {
    expect(() => selectSets(['irises'], false)).toThrow('no data set or kind "irises"');
    expect(() => selectRecipes(['slow'])).toThrow('no recipe "slow"');
  });

  it('runs all recipes but M0 itself', () => {
    const rest = RECIPES.filter(({ name }) => name !== 'plain');
    expect(selectRecipes(undefined)).toEqual(rest);
  });
});
