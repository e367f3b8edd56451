import { describe, expect, it } from 'vitest';
import { goalsOf, sliceError } from '../../recipes/goals.js';
import type { RecipeRun, SetFigures } from '../../recipes/measure.js';
import { toyFigures, toyRecipe, toyRun } from './toy-figures.js';

/** M0 without noise: 90, 80 and 70 %. */
const references = [toyRun(), toyRun()];
const good = { retain: 89.6, test: 79.8, macroRecall: 69.1, multiplyAdds: 390 };

function missed(id: string, figures: SetFigures): string[] {
  const goal = goalsOf([figures]).find((candidate) => candidate.id === id)!;
  return goal.sets[0]!.conditions.filter(({ isMet }) => !isMet).map(({ name }) => name);
}

describe('exact.any', () => {
  const steady = (run: Partial<RecipeRun>, change: Partial<SetFigures> = {}) =>
    toyFigures([toyRecipe('steady', [{ ...good, ...run }])], { references, ...change });

  it.each([
    [{}, []],
    [{ retain: 89.4 }, ['retain, change']],
    [{ test: 79.6 }, ['test, change']],
    [{ macroRecall: 68.9 }, ['macro recall']],
    [{ multiplyAdds: 410 }, ["% of M0's multiply-adds"]],
    [{ retain: 88.4 }, ['retain, change', 'retain or test of any seed']],
    [{ multiplyAdds: Number.NaN }, ["% of M0's multiply-adds", 'steady, the dearest run']],
  ])('misses at %j: %j', (run, names) => expect(missed('exact.any', steady(run))).toEqual(names));

  it('gives way to what M0 itself is unsure of', () => {
    const noisy = [81, 79].map((test) => toyRun({ test }));
    expect(missed('exact.any', steady({ test: 77 }, { references: noisy }))).toEqual([]);
    expect(missed('exact.any', steady({ test: 75 }, { references: noisy }))).toEqual([
      'test, change',
      'retain or test of any seed',
    ]);
  });

  it('allows few rows a cost of their own', () => {
    expect(missed('exact.any', steady({ multiplyAdds: 1050 }, { rows: 4799 }))).toEqual([]);
    expect(missed('exact.any', steady({ multiplyAdds: 1150 }, { rows: 4799 }))).toEqual([
      'steady, the dearest run',
    ]);
    expect(missed('exact.any', steady({ multiplyAdds: 9000 }, { rows: 1999 }))).toEqual([]);
  });

  it('needs many data sets, and none that is left out', () => {
    const [few] = goalsOf([steady({})]);
    expect(few).toMatchObject({ value: 1, goal: 25, met: false });
    const [many] = goalsOf(Array.from({ length: 30 }, () => steady({})));
    expect(many).toMatchObject({ value: 30, goal: 30, met: true });
  });

  it('is not measured without the recipe', () => {
    const [any, choice, small] = goalsOf([toyFigures([toyRecipe('fast', [good])])]);
    for (const goal of [any, choice, small]) {
      expect(goal).toMatchObject({ value: null, goal: null, met: null, sets: [] });
    }
  });
});

describe('exact.choice', () => {
  const chosen = (choice: string, test: number, more: Partial<SetFigures> = {}) =>
    toyFigures(
      [
        toyRecipe('fast', [{ test: 70, multiplyAdds: 28 }]),
        toyRecipe('steady', [{ test: 80 }]),
        toyRecipe('steady10', [{ test: 84 }], 'length'),
        toyRecipe('auto', [{ test, choice }], 'chooser'),
      ],
      { references, ...more },
    );

  it('refuses the fast recipe where it loses', () => {
    const name = 'fast was chosen: test, change';
    expect(missed('exact.choice', chosen('fast', 79))).toContain(name);
    expect(missed('exact.choice', chosen('fast', 79.8))).not.toContain(name);
  });

  it('compares with the best length, within two standard errors of a slice', () => {
    // 84 % of 1,000 rows: a standard error of 1.16.
    expect(sliceError(84, 10_000)).toBeCloseTo(1.1593, 4);
    expect(missed('exact.choice', chosen('steady 2', 81.8))).toEqual([]);
    expect(missed('exact.choice', chosen('steady 2', 81.6))).toEqual([
      'test, minus that of the best length and peer',
    ]);
    const peer = { retain: 90, test: 90, macroRecall: 90, seconds: 1, epochs: 9 };
    expect(missed('exact.choice', chosen('steady 10', 84, { peer })).length).toBe(1);
  });

  it('keeps what is like MNIST cheap', () => {
    const isLikeMnist = true;
    expect(missed('exact.choice', chosen('fast', 84, { isLikeMnist }))).toEqual([]);
    expect(missed('exact.choice', chosen('steady 10', 84, { isLikeMnist }))).toEqual([
      "fast is chosen, % of M0's multiply-adds",
    ]);
  });
});

describe('exact.small', () => {
  const small = (test: number, shards: number[]) =>
    toyFigures([toyRecipe('steady', [{ test }])], { references, kind: 'small', shards });

  it.each([
    [78.1, [76, 74.1], []],
    [77.9, [80], ['test, minus that of 200 epochs']],
    [80, [75, 74.8], ['three shards: the same']],
  ])('compares %d and shards of %j with 200 epochs', (test, shards, names) =>
    expect(missed('exact.small', small(test, shards))).toEqual(names),
  );
});
