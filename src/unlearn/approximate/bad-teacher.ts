import { given, type Names, requireInteger, requireNames } from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { forwardWork } from '../../engine/cost.js';
import { Model } from '../../engine/model.js';
import { inPhase } from '../../engine/phases.js';
import { checkSplit, type UnlearningMethod } from '../method.js';
import { putSoftmax, runSgd, SGD_OPTIONS, type SgdOptions } from '../steps/sgd.js';

export interface BadTeacherOptions extends SgdOptions {
  /** Retain rows that take part, in (0, all]; default: 30 % of them, as in the paper. */
  readonly retainRows?: number;
}

const OPTIONS: Names<BadTeacherOptions> = { ...SGD_OPTIONS, retainRows: true };

/**
 * Two teachers: on the forget rows a network of random parameters, on retain rows the model itself.
 * By default one epoch at a rate of 0.01, momentum 0.9.
 *
 * Approximate, without any guarantee: predictions of an untrained network are not those of a retrained
 * one, so that entropy shows who was erased. Source: Chundawat, Tarun, Mandal, Kankanhalli, "Can bad
 * teaching induce forgetting?", AAAI 2023, section 4.
 */
export const badTeacher: UnlearningMethod<BadTeacherOptions> = async (request, options = {}) => {
  const { forget, retain } = checkSplit(request);
  const { seed = 0, retainRows = Math.ceil(0.3 * retain.length) } = requireNames(
    'options',
    options,
    OPTIONS,
  );
  requireInteger('seed', seed, 0);
  requireInteger('retainRows', retainRows, 1, retain.length);
  const { dataset } = request;
  const watch = new Stopwatch();
  const model = request.model.clone();
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
};
