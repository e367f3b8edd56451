import { given, requireInteger, requireObject } from '../../base/arguments.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { forwardWork } from '../../engine/cost.js';
import { joinRows } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { inPhase } from '../../engine/phases.js';
import { checkSplit, type UnlearningMethod } from '../method.js';
import { putSoftmax, runSgd, type SgdOptions } from '../steps/sgd.js';

export interface BadTeacherOptions extends SgdOptions {
  /** Retain rows that take part, in (0, all]; default: 30 % of them, as in the paper. */
  readonly retainRows?: number;
}

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
  const { seed = 0, retainRows = Math.ceil(0.3 * retain.length) } = requireObject(
    'options',
    options,
  );
  requireInteger('seed', seed, 0);
  requireInteger('retainRows', retainRows, 1, retain.length);
  const { dataset } = request;
  const start = performance.now();
  const model = request.model.clone();
  const unknowing = Model.create(model.widths, { seed });
  const stream = new PhiloxStream(seed, PhiloxPurpose.teacherRows);
  const kept = stream.shuffle(retain.slice()).subarray(0, retainRows);
  const distributions = new Float32Array(dataset.rows * model.classes);
  for (const [teacher, rows] of [
    [unknowing, forget],
    [model, kept],
  ] as const) {
    const logits = await teacher.logits(dataset, rows, inPhase('teach', options));
    putSoftmax(distributions, rows, logits, model.classes);
  }
  const between = performance.now();
  const both = joinRows(forget, kept);
  const run = await runSgd(
    model,
    dataset,
    { rows: both },
    { target: 'explicit', distributions },
    { ...{ phase: 'train', learningRate: 0.01, momentum: 0.9 }, ...given(options) },
  );
  return {
    model,
    steps: run.steps,
    seconds: { teach: (between - start) / 1000, train: (performance.now() - between) / 1000 },
    multiplyAdds: run.multiplyAdds + both.length * forwardWork(model.widths),
  };
};
