import { fieldsWithout, type KnownFields, requireKnownFields } from '../../base/arguments.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { passWork } from '../../engine/cost.js';
import { whileReading } from '../../engine/dataset.js';
import { described, Model } from '../../engine/model.js';
import { factsOfSchema } from '../../engine/model-facts.js';
import { inPhase } from '../../engine/phases.js';
import { TRAIN_OPTIONS, type TrainOptions } from '../../engine/training-pass.js';
import { encodedRun, encodingWork } from '../../training/encoded-run.js';
import { checkRequest, type UnlearningMethod, type UnlearningOptions } from '../method.js';

/**
 * The options of Model.train; `seed` (default 0) gives both the initial parameters and the batch
 * order. With the seed of the original training, the new model starts from the original's initial
 * parameters, which depend on no row; give another seed for a model that is independent of the
 * original.
 */
export type RetrainOptions = Omit<
  TrainOptions,
  'rows' | 'sampledRows' | 'samplesPerEpoch' | 'onProgress'
> &
  UnlearningOptions;

const OPTIONS: KnownFields<RetrainOptions> = fieldsWithout(TRAIN_OPTIONS, {
  ...{ rows: true, sampledRows: true, samplesPerEpoch: true },
});

/**
 * M0, the gold standard: a new model of the same widths, trained on the retain set alone. Exact: no
 * parameter depends on a forget row.
 */
export const retrain: UnlearningMethod<RetrainOptions> = async (request, wanted = {}) => {
  const { model: original, dataset, retain } = checkRequest(request);
  const options = requireKnownFields('options', wanted, OPTIONS);
  const { seed = 0 } = options;
  const { onProgress: _, ...training } = options;
  const watch = new Stopwatch();
  const model = Model.create(original.widths, { seed });
  return whileReading(dataset, async () => {
    const inputs = await encodedRun({ dataset, rows: retain, watch }, options.threads);
    const { steps, rows } = await model.train(inputs.dataset, {
      ...training,
      ...inPhase('train', options),
      rows: retain,
    });
    watch.lap('train');
    const facts = factsOfSchema(dataset, model.widths, inputs.dataset.inputMap);
    return {
      ...{ model: described(model, facts), steps, seconds: watch.seconds },
      multiplyAdds: passWork(model.widths, rows, options) + encodingWork({ dataset, rows: retain }),
    };
  });
};
