import { given, type Names, namesWithout, requireNames } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { passWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { addScaled } from '../../engine/parameters.js';
import { type Plan, pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import { RowSet } from '../../engine/row-set.js';
import { RUN_OPTIONS, type RunOptions } from '../../engine/run.js';
import { TRAIN_OPTIONS, type TrainOptions, trainingPass } from '../../engine/training-pass.js';
import {
  checkSplit,
  type UnlearningMethod,
  type UnlearningOptions,
  type UnlearningResult,
} from '../method.js';
import { runSgd, SGD_OPTIONS, type SgdOptions } from '../steps/sgd.js';

export interface AmnesiacOptions extends UnlearningOptions {
  /**
   * How the request's model was trained: with these options of Model.train. Default: its defaults.
   */
  readonly training?: Omit<TrainOptions, keyof RunOptions>;
  /** The seed of Model.create before it; default: the `seed` of the training. */
  readonly initialSeed?: number;
  /**
   * Further steps on the retain set afterwards, or `false`: none, the better choice where few steps
   * are subtracted. By default an epoch with the rate, momentum and batches that Model.train has by
   * default.
   */
  readonly repair?: Omit<SgdOptions, keyof UnlearningOptions> | false;
}

export interface AmnesiacResult extends UnlearningResult {
  /** Steps of the training that were subtracted: their batch held a forget row. */
  readonly undoneSteps: number;
  /** All steps of the training. */
  readonly replayedSteps: number;
}

const OPTIONS: Names<AmnesiacOptions> = {
  ...RUN_OPTIONS,
  ...{ training: true, initialSeed: true, repair: true },
};
const TRAINING = namesWithout(TRAIN_OPTIONS, RUN_OPTIONS);
const REPAIR = namesWithout(SGD_OPTIONS, RUN_OPTIONS);

/**
 * Subtracts from the model what the training steps changed whose batch held a forget row. No step
 * had to be stored: the training is replayed, and must end in the bits of the request's model.
 *
 * Approximate, without any guarantee. The other steps stay as they were taken, from parameters that
 * the forgotten rows had shaped; with momentum their velocity even holds gradients of forgotten
 * rows. What the retain rows of a subtracted batch taught is lost too. It is meant for few rows: of
 * a class, or of a user with many rows, nearly every batch holds one, and what is left is close to
 * the initial network. A repair can bring forgotten rows back: of the 20 of MNIST that a network
 * memorizes most it knows 63 % before, none after the subtraction or a retrain, but 35 % after the
 * repair. The replay alone costs as much as the training did: an exact retrain costs less.
 * Source: Graves, Nagisetty, Ganesh, "Amnesiac machine learning", AAAI 2021, section "Amnesiac
 * unlearning"; the authors, too, train on without the forgotten rows afterwards.
 *
 * @throws {LetheError} also ERR_INVALID_ARGUMENT: `training` does not lead to the request's model.
 * ERR_INVALID_ROWS: a forget row was not trained on.
 */
export const amnesiac: UnlearningMethod<AmnesiacOptions, AmnesiacResult> = async (
  request,
  options = {},
) => {
  const { forget, retain } = checkSplit(request);
  const { training = {}, repair = {} } = requireNames('options', options, OPTIONS);
  const { seed = 0 } = requireNames('training', training, TRAINING);
  const { initialSeed = seed } = options;
  if (repair !== false) requireNames('repair', repair, REPAIR);
  const { dataset } = request;
  const original = request.model.clone();
  const { widths } = original;
  const { plan, sink } = trainingPass(dataset, training);
  requireTrainedOn(dataset, forget, plan);
  const watch = new Stopwatch();
  const replayed = Model.create(widths, { seed: initialSeed });
  const replay = await pass(
    replayed,
    dataset,
    plan,
    { target: 'label' },
    { ...sink, trackedRows: forget },
    inPhase('replay', options),
  );
  if (replayed.hash() !== original.hash()) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'this training does not lead to the model: give every option of Model.train that was not the ' +
        'default, seed and rows in their order too, the seed of Model.create as initialSeed where ' +
        'it is another one, and the model as it was at the end of its training',
    );
  }
  const parameters = original.parameters();
  addScaled(parameters, -1, replay.values!);
  const model = Model.fromParameters(widths, parameters);
  watch.lap('replay');
  let steps = 1;
  let multiplyAdds = passWork(widths, replay.rows, plan);
  if (repair) {
    const run = await runSgd(
      model,
      dataset,
      { rows: retain },
      { target: 'label' },
      { ...options, ...{ phase: 'repair', momentum: 0.9 }, ...given(repair) },
    );
    steps += run.steps;
    multiplyAdds += run.multiplyAdds;
    watch.lap('repair');
  }
  return {
    ...{ model, steps, seconds: watch.seconds, multiplyAdds },
    undoneSteps: replay.trackedSteps!,
    replayedSteps: replay.steps,
  };
};

function requireTrainedOn(dataset: Dataset, forget: RowSet, plan: Plan): void {
  const [always, sampled] = RowSet.disjoint(dataset, plan.rows, plan.sampledRows ?? []);
  const trained = always.followedBy(sampled).marks();
  const unknown = forget.positions.find((row) => trained[row] === 0);
  if (unknown !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${unknown} is to be forgotten, but is not one of the rows trained on`,
    );
  }
}
