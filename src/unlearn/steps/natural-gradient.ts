import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { kroneckerFactorsWork, kroneckerSolveWork, trainingWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { softmax } from '../../engine/evaluation.js';
import { kroneckerSolve } from '../../engine/kronecker.js';
import type { Model } from '../../engine/model.js';
import { pass } from '../../engine/pass.js';
import { inPhase, type PhasedOptions } from '../../engine/phases.js';
import { positionsOf, type RowSet } from '../../engine/row-set.js';

/** The rows of the gradient, and those of the Fisher information. */
interface NaturalGradientRows {
  /** Rows of the gradient, which is the mean of their gradients, each times its weight. */
  readonly rows: RowSet;
  /** [dataset rows] */
  readonly rowWeights: Float32Array;
  /** Rows of the Fisher information. */
  readonly fisherRows: RowSet;
}

interface NaturalGradient {
  /** One value per parameter. */
  readonly gradient: Float32Array;
  /** gᵀ F⁻¹ g, for the gradient g of the loss and the damped Fisher information F. */
  readonly squaredNorm: number;
  readonly multiplyAdds: number;
}

/**
 * The natural gradient: the inverse of the model's damped Fisher information, approximated by
 * Kronecker factors, times the gradient of the weighted rows' loss. The labels for the Fisher
 * information are drawn from the model's predictions.
 * Source: Martens, Grosse, ICML 2015, sections 2.2 (the labels), 3 (the factors) and 6.3 (damping).
 */
export async function naturalGradient(
  model: Model,
  dataset: Dataset,
  { rows, rowWeights, fisherRows }: NaturalGradientRows,
  options: PhasedOptions & { readonly damping: number; readonly seed: number },
): Promise<NaturalGradient> {
  const { widths } = model;
  const run = inPhase('fisher', options);
  const logits = await model.logits(dataset, fisherRows, run);
  const distributions = drawnLabels(logits, fisherRows, dataset.rows, model.classes, options.seed);
  const { values: factors } = await pass(
    model,
    dataset,
    { rows: fisherRows },
    { target: 'explicit', distributions },
    { kind: 'kroneckerFactors' },
    run,
  );
  const { values: gradient } = await pass(
    model,
    dataset,
    { rows },
    { target: 'label', rowWeights },
    { kind: 'gradient' },
    run,
  );
  const { damping } = options;
  const solution = await kroneckerSolve(
    { widths, damping, factors: factors!, gradient: gradient! },
    run,
  );
  return {
    gradient: solution,
    squaredNorm: solution.reduce((sum, value, i) => sum + value * gradient![i]!, 0),
    // Drawing labels (a forward pass), forward and backward passes without weight gradients, and
    // factors.
    multiplyAdds:
      fisherRows.length * (trainingWork(widths) + kroneckerFactorsWork(widths)) +
      rows.length * trainingWork(widths) +
      kroneckerSolveWork(widths) +
      solution.length,
  };
}

/** One-hot distributions, [dataset rows, classes], of labels drawn from softmax(logits). */
export function drawnLabels(
  logits: Float32Array,
  rows: RowSet,
  datasetRows: number,
  classes: number,
  seed: number,
): Float32Array {
  const stream = new PhiloxStream(seed, PhiloxPurpose.fisherLabels);
  const probabilities = softmax(logits, classes);
  const distributions = new Float32Array(datasetRows * classes);
  positionsOf(rows).forEach((row, i) => {
    let left = stream.uniform();
    let label = 0;
    while (label < classes - 1) {
      left -= probabilities[i * classes + label]!;
      if (left < 0) break;
      label++;
    }
    distributions[row * classes + label] = 1;
  });
  return distributions;
}
