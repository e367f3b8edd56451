import { type KnownFields, requireKnownFields, requireOneOf } from '../../base/arguments.js';
import { RUN_OPTIONS } from '../../engine/run.js';
import type { Quality } from '../../training/quality.js';
import {
  HYPER_PARAMETERS,
  type HyperParameters,
  RECIPE_NAMES,
  type RecipeName,
  recordOf,
  refuseOthers,
} from '../../training/recipes.js';
import {
  checkOwners,
  guarded,
  reportQuality,
  type TrainedModel,
  trainAgain,
  trainByChoice,
  trainingRun,
  trainWithoutRecord,
} from '../../training/train-model.js';
import type { TrainingRun } from '../../training/training-run.js';
import {
  checkRequest,
  type UnlearningMethod,
  type UnlearningOptions,
  type UnlearningRequest,
} from '../method.js';

export interface ExactRetrainOptions extends HyperParameters, UnlearningOptions {
  /**
   * `recorded`: the recipe that the model records; where it records none, `fast` if a check on the
   * retain set allows it, else `steady`, and the new model records none either. `choose`: chooses
   * anew, as `auto` of trainModel does, from the retain set alone, and records the choice. Or the
   * name of a recipe. Default `recorded`.
   */
  readonly recipe?: RecipeName | 'recorded' | 'choose';
  /**
   * [dataset rows], the owner of each row; `choose` holds out whole owners. Default: the data set's
   * subjects, if each retain row has exactly one.
   */
  readonly owners?: Uint32Array;
  /** Seed of everything random; default 0. */
  readonly seed?: number;
  /** Whether the model's facts have the digest of the retain rows, as in trainModel. */
  readonly digest?: boolean;
}

const OPTIONS: KnownFields<ExactRetrainOptions> = {
  ...RUN_OPTIONS,
  ...HYPER_PARAMETERS,
  ...{ recipe: true, owners: true, seed: true, digest: true },
};

export interface ExactRetrainResult extends TrainedModel {
  /** The original model's quality on the same rows: reported, never used. */
  readonly originalQuality: Quality;
}

/**
 * A new model of the same widths, trained on the retain set alone. Exact relative to the recorded
 * recipe: its parameters are a function of the retain rows, the recipe and the seed. Hyper-parameters
 * may have been chosen when the forgotten rows were there; `recipe: 'choose'` chooses them anew.
 * A recipe can be wrong for the data: compare `quality` with `originalQuality`.
 * With the seed of the original training it starts from the same random numbers; give another seed
 * for a model that is independent of the original.
 *
 * The result is not the model that `retrain` gives, because the recipe differs. Compare it with
 * models of the same recipe, trained by `trainModel`.
 */
export const exactRetrain: UnlearningMethod<ExactRetrainOptions, ExactRetrainResult> = async (
  request: UnlearningRequest,
  wanted: ExactRetrainOptions = {},
) => {
  const { model, dataset, retain } = checkRequest(request);
  const options = requireKnownFields('options', wanted, OPTIONS);
  const { recipe = 'recorded', seed } = options;
  requireOneOf('recipe', recipe, ['recorded', 'choose', ...RECIPE_NAMES]);
  const owners = checkOwners(recipe, 'choose', options.owners, dataset);
  const original = model.clone();
  const run = trainingRun(original.widths, dataset, {
    rows: retain,
    ...(seed !== undefined && { seed }),
  });
  const train = (encoded: TrainingRun) => {
    if (recipe === 'recorded' || recipe === 'choose') refuseOthers(recipe, options);
    if (recipe === 'choose') return trainByChoice(encoded, owners, options);
    if (recipe !== 'recorded') {
      const record = recordOf(recipe, options, run.widths, run.rows.length);
      return trainAgain(encoded, record, options);
    }
    return original.recipe
      ? trainAgain(encoded, original.recipe, options)
      : trainWithoutRecord(encoded, options);
  };
  return guarded(run, options, async (encoded) => {
    const trained = await train(encoded);
    // The original takes the rows as it was trained to, by its own map.
    const report = await reportQuality(original, run, options);
    return {
      ...trained,
      multiplyAdds: trained.multiplyAdds + report.multiplyAdds,
      originalQuality: report.quality,
    };
  });
};
