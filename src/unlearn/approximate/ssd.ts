import {
  type KnownFields,
  requireInteger,
  requireKnownFields,
  requirePositive,
} from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { trainingWork } from '../../engine/cost.js';
import { inPhase } from '../../engine/phases.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import { type UnlearningOptions, unlearningMethod } from '../method.js';

export interface SsdOptions extends UnlearningOptions {
  /**
   * Dampens parameters whose Fisher on the forget set exceeds this multiple of that on all rows;
   * default 10.
   */
  readonly selection?: number;
  /** How strongly parameters are dampened: the smaller, the stronger. Default 1. */
  readonly dampening?: number;
  /**
   * The number of rows from which the Fisher of all rows is computed; default 4,000, or all if
   * fewer.
   */
  readonly samples?: number;
  /** Seed of that sample; default 0. */
  readonly seed?: number;
}

const OPTIONS: KnownFields<SsdOptions> = {
  ...RUN_OPTIONS,
  ...{ selection: true, dampening: true, samples: true, seed: true },
};

/**
 * Selective synaptic dampening: parameters that matter far more to the forget set than to all rows
 * are multiplied by min(dampening F / F_forget, 1), where F and F_forget are the Fisher diagonals.
 * There is no training.
 *
 * Approximate, without any guarantee. On MNIST, the paper's settings, which are the defaults, leave
 * 99 % accuracy on the forgotten class 0; stronger ones left 12 to 14 % and cost 0.6 to 0.9 points
 * of retain accuracy. Source: Foster, Schoepf, Brintrup, "Fast machine unlearning without
 * retraining through selective synaptic dampening", AAAI 2024, section 4.
 */
export const ssd = unlearningMethod<SsdOptions>(
  async ({ model: original, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { selection = 10, dampening = 1, samples = 4000, seed = 0 } = options;
    requirePositive('selection', selection);
    requirePositive('dampening', dampening);
    requireInteger('samples', samples, 1);
    requireInteger('seed', seed, 0);
    const model = original.clone();
    const watch = new Stopwatch();
    const stream = new PhiloxStream(seed, PhiloxPurpose.fisherRows);
    const sample = forget.followedBy(retain).shuffled(stream).slice(0, samples);
    const run = { mode: 'perRow', ...inPhase('fisher', options) } as const;
    const onAll = await model.fisher(dataset, sample, run);
    const onForget = await model.fisher(dataset, forget, run);
    const parameters = model.parameters().map((parameter, i) => {
      const [all, own] = [onAll[i]!, onForget[i]!];
      return own > selection * all ? parameter * Math.min((dampening * all) / own, 1) : parameter;
    });
    watch.lap('fisher');
    return {
      model: model.withParameters(parameters),
      steps: 1,
      seconds: watch.seconds,
      multiplyAdds: (sample.length + forget.length) * trainingWork(model.widths),
    };
  },
);
