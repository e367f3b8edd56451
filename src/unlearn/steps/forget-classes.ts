import type { Stopwatch } from '../../base/stopwatch.js';
import type { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { addScaled } from '../../engine/parameters.js';
import type { PhasedOptions } from '../../engine/phases.js';
import type { Split } from '../method.js';
import { refitHead } from './head.js';
import { naturalGradient } from './natural-gradient.js';

/** Retain rows for the Fisher information. */
const FISHER_ROWS = 1000;
/** Retain rows on which the new last layer is trained. */
const HEAD_ROWS = 4000;
/** The most rows of each set that are read; the first of those given. */
export const STEP_ROWS = { retain: Math.max(FISHER_ROWS, HEAD_ROWS), forget: 1000 };

interface ForgetClassesOptions extends PhasedOptions {
  /** The classes that no retain row has. */
  readonly classes: readonly number[];
  /** The step's change of the predictions, in nats of divergence, to second order. */
  readonly divergence: number;
  readonly damping: number;
  readonly seed: number;
}

/**
 * One natural gradient step up the loss of the forget rows, scaled to a given divergence of the
 * predictions, then a new last layer. A model that is confident of the class has a small gradient,
 * but thus moves as far as one that is not.
 * Source: Wu, Mansimov, Liao, Grosse, Ba, "Scalable trust-region method for deep reinforcement
 * learning using Kronecker-factored approximation", NeurIPS 2017, section 3.2 (the length of the
 * step).
 */
export async function forgetClasses(
  model: Model,
  dataset: Dataset,
  { forget, retain }: Split,
  options: ForgetClassesOptions,
  watch: Stopwatch,
): Promise<{ readonly model: Model; readonly multiplyAdds: number }> {
  const { gradient, squaredNorm, multiplyAdds } = await naturalGradient(
    model,
    dataset,
    {
      rows: forget.slice(0, STEP_ROWS.forget),
      rowWeights: new Float32Array(dataset.rows).fill(1),
      fisherRows: retain.slice(0, FISHER_ROWS),
    },
    options,
  );
  watch.lap('fisher');
  // A step s F^-1 g changes the predictions by s^2 g^T F^-1 g / 2.
  const scale = squaredNorm > 0 ? Math.sqrt((2 * options.divergence) / squaredNorm) : 0;
  const parameters = model.parameters();
  addScaled(parameters, scale, gradient);
  const stepped = Model.fromParameters(model.widths, parameters);
  const refitted = await refitHead(stepped, dataset, retain.slice(0, HEAD_ROWS), options);
  watch.lap('head');
  return { model: refitted.model, multiplyAdds: multiplyAdds + refitted.multiplyAdds };
}
