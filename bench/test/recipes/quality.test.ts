import { Dataset } from 'lethe';
import { describe, expect, it } from 'vitest';
import {
  accuracyOf,
  macroRecall,
  mostFrequentQuality,
  predictedClasses,
} from '../../recipes/quality.js';

const of = (...values: number[]) => Uint32Array.from(values);

describe('the quality of predictions', () => {
  it('is the share that is right', () => {
    expect(accuracyOf(of(0, 1, 2, 2), of(0, 1, 2, 1))).toBe(75);
  });

  it('is the mean over the classes that there are', () => {
    // Class 0: 3 of 4; class 1: 0 of 1; class 2: none to recognize; class 3: 1 of 1.
    const labels = of(0, 0, 0, 0, 1, 3);
    expect(macroRecall(of(0, 0, 0, 2, 0, 3), labels)).toBeCloseTo((75 + 0 + 100) / 3, 12);
    expect(macroRecall(labels, labels)).toBe(100);
  });

  it('takes the largest logit, the first among equals', () => {
    expect(predictedClasses(Float32Array.of(1, 3, 2, 0, 0, -1), 3)).toEqual(of(1, 0));
  });

  it('of the most frequent class is that of the rows that are left', () => {
    const dataset = (labels: Uint32Array) =>
      new Dataset({
        ...{ name: 'd', rows: labels.length, columns: 1, classes: 3, labels },
        features: new Float32Array(labels.length),
      });
    const train = dataset(of(0, 0, 0, 1, 1, 2));
    const test = dataset(of(1, 0, 2, 1));
    const made = { train, test, deleted: train.rowSet([0, 1]) };
    const retain = train.rowSet([2, 3, 4, 5]);
    expect(mostFrequentQuality(made, retain)).toEqual({
      ...{ retain: 50, test: 50 },
      macroRecall: 100 / 3,
    });
  });
});
