import type { ComputeOptions, Model, RowSet } from 'lethe';
import type { MadeSet } from '../data/bench-set.js';

/** How good a model is, in percent. */
export interface Quality {
  /** Accuracy on the rows that were trained on. */
  readonly retain: number;
  readonly test: number;
  /** The mean share of the test rows of a class that were recognized, over the classes that have some. */
  readonly macroRecall: number;
}

export const MEASURES = ['retain', 'test', 'macroRecall'] as const;

export async function qualityOf(
  model: Pick<Model, 'evaluate' | 'logits' | 'classes'>,
  { train, test }: MadeSet,
  retain: RowSet,
  compute: ComputeOptions,
): Promise<Quality> {
  const { accuracy } = await model.evaluate(train, retain, compute);
  const logits = await model.logits(test, test.allRows(), compute);
  const predicted = predictedClasses(logits, model.classes);
  return {
    retain: accuracy,
    test: accuracyOf(predicted, test.labels),
    macroRecall: macroRecall(predicted, test.labels),
  };
}

/** What who always answers the most frequent class of the training rows reaches. */
export function mostFrequentQuality({ train, test }: MadeSet, retain: RowSet): Quality {
  const labels = retain.gather(train.labels);
  const counts = new Uint32Array(train.classes);
  for (const label of labels) counts[label]!++;
  const most = counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
  const always = (rows: Uint32Array) => new Uint32Array(rows.length).fill(most);
  return {
    retain: accuracyOf(always(labels), labels),
    test: accuracyOf(always(test.labels), test.labels),
    macroRecall: macroRecall(always(test.labels), test.labels),
  };
}

/** The class of the largest logit of each row, the first among equals. */
export function predictedClasses(logits: Float32Array, classes: number): Uint32Array {
  return Uint32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (logits[row * classes + label]! > logits[row * classes + best]!) best = label;
    }
    return best;
  });
}

export function accuracyOf(predicted: Uint32Array, labels: Uint32Array): number {
  const right = predicted.reduce((sum, label, row) => sum + Number(label === labels[row]), 0);
  return (100 * right) / labels.length;
}

export function macroRecall(predicted: Uint32Array, labels: Uint32Array): number {
  const rows = new Map<number, { right: number; all: number }>();
  labels.forEach((label, row) => {
    const own = rows.get(label) ?? { right: 0, all: 0 };
    own.all++;
    if (predicted[row] === label) own.right++;
    rows.set(label, own);
  });
  const recalls = [...rows.values()].map(({ right, all }) => (100 * right) / all);
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}
