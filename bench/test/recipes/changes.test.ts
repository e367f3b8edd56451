import { describe, expect, it } from 'vitest';
import { changeOf, standardOf } from '../../recipes/changes.js';
import { choiceText } from '../../recipes/tables.js';
import { toyFigures, toyRecipe, toyRun } from './toy-figures.js';

describe('what M0 reaches', () => {
  it('is a mean, and the spread of the differences of its pairs', () => {
    const { mean, noise, diverged } = standardOf(toyFigures([]));
    expect(mean).toEqual({ retain: 90, test: 80, macroRecall: 70 });
    // Differences of -1 and -3 around 0: the root of (1 + 9) / 2.
    expect(noise).toEqual({ retain: 0, test: Math.sqrt(5), macroRecall: 0 });
    expect(diverged).toBe(0);
  });
});

describe('what a recipe changes', () => {
  const recipe = toyRecipe('fast', [
    { retain: 91, test: 79, macroRecall: 72, multiplyAdds: 100, seconds: 0.5 },
    { retain: 88, test: 83, macroRecall: 70, multiplyAdds: 300, seconds: 1.5, choice: 'plain' },
  ]);

  it('is a difference to the mean of all M0, and to their cost', () => {
    expect(changeOf(toyFigures([recipe]), recipe)).toEqual({
      ...{ retain: -0.5, test: 1, macroRecall: 1, worst: -2 },
      ...{ costPercent: 20, mostCostPercent: 30, secondsPercent: 50 },
      choices: ['fast', 'plain'],
    });
  });

  it('has no seconds to compare with where M0 has diverged, and no cost where it has itself', () => {
    const references = [toyRun({ diverged: true }), toyRun()];
    const lost = toyRecipe('fast', [{ diverged: true, multiplyAdds: Number.NaN }]);
    expect(changeOf(toyFigures([lost], { references }), lost)).toMatchObject({
      ...{ costPercent: null, mostCostPercent: null, secondsPercent: null },
    });
  });
});

it.each([
  [['fast', 'fast'], 'fast'],
  [['fast', 'steady 2', 'fast'], '2 times fast, steady 2'],
])('the choices %j read %s', (choices, text) => expect(choiceText(choices)).toBe(text));
