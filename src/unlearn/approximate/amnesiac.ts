import { fieldsWithout, type KnownFields, requireKnownFields } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { passWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { addScaled } from '../../engine/parameters.js';
import { type Plan, pass } from '../../engine/pass.js';
import { inPhase } from '../../engine/phases.js';
import { positionsOf, RowSet } from '../../engine/row-set.js';
import { RUN_OPTIONS, type RunOptions } from '../../engine/run.js';
import { TRAIN_OPTIONS, type TrainOptions, trainingPass } from '../../engine/training-pass.js';
import { type UnlearningOptions, type UnlearningResult, unlearningMethod } from '../method.js';
import { runSgd, SGD_OPTIONS, type SgdOptions } from '../steps/sgd.js';

export interface AmnesiacOptions extends UnlearningOptions {
  /**
   * The options of Model.train with which the request's model was trained. Default: its defaults.
   */
  readonly training?: Omit<TrainOptions, keyof RunOptions>;
  /** The seed given to Model.create before the training; default: the training's `seed`. */
  readonly initialSeed?: number;
  /**
   * Options of the steps on the retain set that follow, or `false` for none, which is better where
   * few steps are subtracted. Default: one epoch with the default learning rate, momentum and batch
   * size of Model.train.
   */
  readonly repair?: Omit<SgdOptions, keyof UnlearningOptions> | false;
}

export interface AmnesiacResult extends UnlearningResult {
  /** Subtracted training steps: those whose batch contained a forget row. */
  readonly undoneSteps: number;
  /** All steps of the training. */
  readonly replayedSteps: number;
}

const OPTIONS: KnownFields<AmnesiacOptions> = {
  ...RUN_OPTIONS,
  ...{ training: true, initialSeed: true, repair: true },
};
const TRAINING = fieldsWithout(TRAIN_OPTIONS, RUN_OPTIONS);
const REPAIR = fieldsWithout(SGD_OPTIONS, RUN_OPTIONS);

/**
 * Subtracts the parameter changes of all training steps whose batch contained a forget row. The
 * steps need not be stored: the training is replayed, and must end in the bits of the request's
 * model.
 *
 * Approximate, without any guarantee. All other steps remain, although they started from parameters
 * that the forget rows had influenced; with momentum their velocity even contains gradients of
 * forget rows. What the model learnt from the retain rows of a subtracted batch is lost too. The
 * method is meant for few rows: with a class, or a user with many rows, nearly every batch contains
 * a forget row, and the result is close to the initial network. A repair can restore forgotten
 * rows: of the 20 MNIST rows that a network memorizes most, it classifies 63 % before, none after
 * the subtraction or a retrain, but 35 % after the repair. The replay alone costs as much as the
 * training; an exact retrain costs less.
 * Source: Graves, Nagisetty, Ganesh, "Amnesiac machine learning", AAAI 2021, section "Amnesiac
 * unlearning"; the authors, too, train on without the forgotten rows afterwards.
 *
 * @throws {LetheError} also ERR_INVALID_ARGUMENT: `training` does not reproduce the request's
 * model. ERR_INVALID_ROWS: a forget row was not trained on.
 */
export const amnesiac = unlearningMethod<AmnesiacOptions, AmnesiacResult>(
  async ({ model: trained, dataset, forget, retain }, wanted) => {
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { training: trainOptions = {}, repair: repairOptions = {} } = options;
    const training = requireKnownFields('training', trainOptions, TRAINING);
    const { initialSeed = training.seed ?? 0 } = options;
    const repair = repairOptions !== false && requireKnownFields('repair', repairOptions, REPAIR);
    const original = trained.clone();
    const { widths } = original;
    const { plan, sink } = trainingPass(dataset, training);
    requireTrainedOn(dataset, forget, plan);
    const watch = new Stopwatch();
    const { inputMap } = original;
    const replayed = Model.create(widths, { seed: initialSeed }).withFacts({ inputMap });
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
        'the training does not reproduce the model: give all options of Model.train that were not ' +
          'defaults, including seed and rows in their order, the seed of Model.create as initialSeed ' +
          'if it was another one, and the model as it was at the end of its training',
      );
    }
    const parameters = original.parameters();
    addScaled(parameters, -1, replay.values!);
    const model = original.withParameters(parameters);
    watch.lap('replay');
    let steps = 1;
    let multiplyAdds = passWork(widths, replay.rows, plan);
    if (repair) {
      const run = await runSgd(
        model,
        dataset,
        { rows: retain },
        { target: 'label' },
        { ...options, ...{ phase: 'repair', momentum: 0.9 }, ...repair },
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
  },
);

function requireTrainedOn(dataset: Dataset, forget: RowSet, plan: Plan): void {
  const [always, sampled] = RowSet.disjoint(dataset, plan.rows, plan.sampledRows ?? [], [
    'rows',
    'sampledRows',
  ]);
  const trained = always.followedBy(sampled).mask();
  const unknown = positionsOf(forget).find((row) => trained[row] === 0);
  if (unknown !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ROWS',
      `row ${unknown} of the forget set is not one of the rows trained on`,
    );
  }
}
