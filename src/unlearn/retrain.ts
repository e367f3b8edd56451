import { requireObject } from '../arguments.js';
import { Model, type TrainOptions } from '../engine/model.js';
import { checkSplit, type UnlearningMethod } from './method.js';

/** As for training; `seed` gives both the fresh parameters and the batch order. */
export type RetrainOptions = Omit<TrainOptions, 'rows'>;

/**
 * M0, the gold standard: a fresh model of the same widths, trained on the retain set alone. Exact:
 * no parameter depends on a forgotten row.
 */
export const retrain: UnlearningMethod<RetrainOptions> = async (request, options = {}) => {
  const { retain } = checkSplit(request);
  const { seed = 0 } = requireObject('options', options);
  const model = Model.create(request.model.widths, { seed });
  const { steps, seconds } = await model.train(request.dataset, { ...options, rows: retain });
  return { model, steps, seconds: { train: seconds } };
};
