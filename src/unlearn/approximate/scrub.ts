import {
  fieldsWithout,
  type KnownFields,
  requireInteger,
  requireKnownFields,
  requireNonNegative,
} from '../../base/arguments.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { forwardWork } from '../../engine/cost.js';
import { labelsOf } from '../../engine/dataset.js';
import { inPhase } from '../../engine/phases.js';
import type { RowSet } from '../../engine/row-set.js';
import { unlearningMethod } from '../method.js';
import { putSoftmax, runSgd, SGD_OPTIONS, type SgdOptions } from '../steps/sgd.js';

export interface ScrubOptions extends Omit<SgdOptions, 'epochs' | 'maxSteps' | 'momentum'> {
  /** Rounds of training on the retain set; default 3. */
  readonly rounds?: number;
  /** How many of the first rounds begin with ascent steps on the forget set; default 2. */
  readonly ascents?: number;
  /** Steps on the retain set in each round; default 60. */
  readonly retainSteps?: number;
  /** Steps on the forget set in each ascent; default 10. */
  readonly forgetSteps?: number;
  /**
   * The weight of the model's own predictions on retain rows, in [0, 1]; labels get the rest.
   * Default 0.5.
   */
  readonly distillation?: number;
}

const OPTIONS: KnownFields<ScrubOptions> = {
  ...fieldsWithout(SGD_OPTIONS, { epochs: true, maxSteps: true, momentum: true }),
  ...{ rounds: true, ascents: true, retainSteps: true, forgetSteps: true, distillation: true },
};

/**
 * Moves away from the original predictions on the forget rows, alternating with training on the
 * retain rows towards a mixture of the original predictions and the labels. Default learning rate
 * 0.01.
 *
 * Approximate, without any guarantee: it can forget too much, and then its errors on the forget set
 * stand out. Source: Kurmanji, Triantafillou, Hayes, Triantafillou, "Towards unbounded machine
 * unlearning", NeurIPS 2023, section 4 (SCRUB); without its rewinding.
 */
export const scrub = unlearningMethod<ScrubOptions>(
  async ({ model: original, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { rounds = 3, ascents = 2, retainSteps = 60 } = options;
    const { forgetSteps = 10, distillation = 0.5, learningRate = 0.01, seed = 0 } = options;
    requireInteger('rounds', rounds, 1);
    requireInteger('ascents', ascents, 0, rounds);
    requireInteger('retainSteps', retainSteps, 1);
    requireInteger('forgetSteps', forgetSteps, 1);
    requireNonNegative('distillation', distillation, 1 + Number.EPSILON);
    requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER - rounds);
    const watch = new Stopwatch();
    const model = original.clone();
    const { classes } = model;
    const distributions = new Float32Array(dataset.rows * classes);
    for (const rows of [forget, retain]) {
      const logits = await model.logits(dataset, rows, inPhase('teach', options));
      putSoftmax(distributions, rows, logits, classes);
    }
    const labels = labelsOf(dataset);
    for (const row of retain) {
      for (let c = 0; c < classes; c++) distributions[row * classes + c]! *= distillation;
      distributions[row * classes + labels[row]!]! += 1 - distillation;
    }
    watch.lap('teach');
    let steps = 0;
    let multiplyAdds = (forget.length + retain.length) * forwardWork(model.widths);
    const descend = async (rows: RowSet, weight: number, maxSteps: number, round: number) => {
      const run = await runSgd(
        model,
        dataset,
        { rows },
        { target: 'explicit', distributions, weight },
        {
          ...options,
          phase: 'train',
          learningRate,
          epochs: maxSteps,
          maxSteps,
          seed: seed + round,
        },
      );
      steps += run.steps;
      multiplyAdds += run.multiplyAdds;
    };
    for (let round = 0; round < rounds; round++) {
      if (round < ascents) await descend(forget, -1, forgetSteps, round);
      await descend(retain, 1, retainSteps, round);
    }
    watch.lap('train');
    return { model, steps, seconds: watch.seconds, multiplyAdds };
  },
);
