import {
  given,
  type KnownFields,
  requireInteger,
  requireKnownFields,
} from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { forwardWork } from '../../engine/cost.js';
import { Model } from '../../engine/model.js';
import { inPhase } from '../../engine/phases.js';
import { unlearningMethod } from '../method.js';
import { putSoftmax, runSgd, SGD_OPTIONS, type SgdOptions } from '../steps/sgd.js';

export interface BadTeacherOptions extends SgdOptions {
  /** The number of retain rows to train on, at least 1; default: 30 % of them, as in the paper. */
  readonly retainRows?: number;
}

const OPTIONS: KnownFields<BadTeacherOptions> = { ...SGD_OPTIONS, retainRows: true };

/**
 * Distillation from two teachers: an untrained network on the forget rows, and the model itself on
 * retain rows. By default one epoch with learning rate 0.01 and momentum 0.9.
 *
 * Approximate, without any guarantee: an untrained network predicts otherwise than a retrained one,
 * so the entropy of the predictions reveals who was erased. Source: Chundawat, Tarun, Mandal,
 * Kankanhalli, "Can bad teaching induce forgetting?", AAAI 2023, section 4.
 */
export const badTeacher = unlearningMethod<BadTeacherOptions>(
  async ({ model: original, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { seed = 0, retainRows = Math.ceil(0.3 * retain.length) } = options;
    requireInteger('seed', seed, 0);
    requireInteger('retainRows', retainRows, 1, retain.length);
    const watch = new Stopwatch();
    const model = original.clone();
    const unknowing = Model.create(model.widths, { seed });
    const stream = new PhiloxStream(seed, PhiloxPurpose.teacherRows);
    const kept = retain.shuffled(stream).slice(0, retainRows);
    const distributions = new Float32Array(dataset.rows * model.classes);
    for (const [teacher, rows] of [
      [unknowing, forget],
      [model, kept],
    ] as const) {
      const logits = await teacher.logits(dataset, rows, inPhase('teach', options));
      putSoftmax(distributions, rows, logits, model.classes);
    }
    watch.lap('teach');
    const both = forget.followedBy(kept);
    const run = await runSgd(
      model,
      dataset,
      { rows: both },
      { target: 'explicit', distributions },
      { ...{ phase: 'train', learningRate: 0.01, momentum: 0.9 }, ...given(options) },
    );
    watch.lap('train');
    return {
      model,
      steps: run.steps,
      seconds: watch.seconds,
      multiplyAdds: run.multiplyAdds + both.length * forwardWork(model.widths),
    };
  },
);
