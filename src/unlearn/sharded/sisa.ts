import {
  type KnownFields,
  pick,
  requireFunction,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireOneOf,
  requirePath,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Dataset, whileReading } from '../../engine/dataset.js';
import { Ensemble } from '../../engine/ensemble.js';
import { checkWidths } from '../../engine/layout.js';
import { requireSchema } from '../../engine/model-facts.js';
import type { PhasedOptions, PhaseProgress } from '../../engine/phases.js';
import { positionsOf, type RowSet, type Rows } from '../../engine/row-set.js';
import { RUN_OPTIONS, withoutProgress } from '../../engine/run.js';
import type { RecordedRecipe } from '../../engine/training-recipe.js';
import { encodedRun } from '../../training/encoded-run.js';
import { checkFast } from '../../training/fast/check.js';
import {
  HYPER_PARAMETERS,
  type HyperParameters,
  RECIPE_NAMES,
  type RecipeName,
  recordOf,
  refuseOthers,
} from '../../training/recipes.js';
import { requireOwners, trainingRun } from '../../training/train-model.js';
import type { TrainingRun } from '../../training/training-run.js';
import type { UnlearningResult } from '../method.js';
import { type Forgotten, markForgotten } from './forget-set.js';
import { GONE, placedIn } from './placement.js';
import {
  addSeconds,
  rowsOfShard,
  type Shard,
  shardSeeds,
  trainShard,
  withoutRows,
} from './shard-training.js';
import { partByOwner } from './shards.js';
import { readSisa, type SisaState, writeSisa } from './sisa-files.js';

export interface SisaProgress extends PhaseProgress {
  /** Which shard is being trained, from 0. */
  readonly shard: number;
}

/** The run options of training and forgetting. */
export interface SisaRunOptions extends Omit<PhasedOptions, 'onProgress'> {
  /**
   * Called at most 20 times a second. If it throws, the run is aborted and throws the same value.
   */
  readonly onProgress?: (progress: SisaProgress) => void;
}

export interface SisaOptions extends HyperParameters, SisaRunOptions {
  /**
   * The recipe of every shard. `auto`: `fast`, with more steps the more shards there are, if a check
   * on all rows allows it, else `steady`. Default `auto`.
   */
  readonly recipe?: RecipeName | 'auto';
  /**
   * [dataset rows], the owner of each row; any whole numbers. Default: the data set's subjects, of
   * which each of the rows must have exactly one.
   */
  readonly owners?: Uint32Array;
  /** The rows to train on; default: all. */
  readonly rows?: Rows;
  /** The number of shards, i.e. parts of the rows with their own models; default 4. */
  readonly shards?: number;
  /**
   * The number of slices of a shard, which are learnt one after the other, so that a request
   * retrains a shard only from its first affected slice on; only for the recipe `plain`. Default 1.
   */
  readonly slices?: number;
  /** Seed of everything random; default 0. */
  readonly seed?: number;
  /**
   * For the recipe `fast`; default: 1.75 times the number of shards, since most requests retrain
   * one.
   */
  readonly effort?: number;
  /** For the recipe `fast`; default 0.1. */
  readonly sampledShare?: number;
}

const OPTIONS: KnownFields<SisaOptions> = {
  ...RUN_OPTIONS,
  ...HYPER_PARAMETERS,
  ...{ recipe: true, owners: true, rows: true, shards: true, slices: true, seed: true },
};

export interface SisaResult extends Omit<UnlearningResult, 'model'> {
  /** The new state; the Sisa on which `forget` was called is unchanged. */
  readonly sisa: Sisa;
  /** The shards that contained forgotten rows, ascending. */
  readonly shards: readonly number[];
}

/**
 * With this, retraining one shard costs about as much as exactRetrain, for any number of shards.
 */
const EFFORT_PER_SHARD = 1.75;
/** With more epochs over a shard, each needs a smaller sample. */
const SAMPLED_SHARE = 0.1;

/**
 * Owner-aware SISA: the rows are divided into shards, with all rows of an owner in the same shard.
 * Every shard has its own model, and these answer together, weighted by their numbers of rows. To
 * forget, only models that were trained on a forgotten row are retrained. Exact: the result is, bit
 * for bit, that of training on the remaining rows with the same assignment of owners to shards.
 * Limits: docs/sisa.md.
 *
 * Source: Bourtoule et al., "Machine unlearning", IEEE S&P 2021, section IV; there rows are
 * assigned to shards one by one, and models vote or average.
 */
export class Sisa {
  /** The models of all shards that have rows; it answers predictions. */
  readonly ensemble: Ensemble;
  readonly #state: SisaState;

  private constructor(state: SisaState) {
    this.#state = state;
    this.ensemble = new Ensemble(
      state.shards.flatMap((shard) => {
        const last = shard.checkpoints.at(-1);
        return last ? [{ model: last.model, weight: rowsOfShard(shard) }] : [];
      }),
    );
  }

  /**
   * Divides the rows into shards and trains a model on each.
   *
   * @param widths of every model: inputs, hidden layers, classes
   * @throws {LetheError} as trainModel; ERR_INVALID_ARGUMENT also if there are fewer owners than
   * shards, or a shard has fewer owners than slices.
   */
  static async train(
    widths: readonly number[],
    dataset: Dataset,
    wanted: SisaOptions = {},
  ): Promise<Sisa> {
    const checkedWidths = Object.freeze(checkWidths(widths));
    requireInstance('dataset', dataset, Dataset);
    const options = requireKnownFields('options', wanted, OPTIONS);
    const { owners: given, shards = 4, slices = 1, seed = 0 } = options;
    const { rows: own = dataset.allRows() } = options;
    const rows = dataset.nonEmptyRowSet(own, 'set of rows');
    requireInteger('shards', shards, 1);
    requireInteger('slices', slices, 1);
    requireInteger('seed', seed, 0);
    const owners = given === undefined ? ownersOf(dataset, rows) : requireOwners(given, dataset);
    if (slices > 1 && options.recipe !== 'plain') {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'slices need the recipe "plain", because the others train on all rows of a shard at once',
      );
    }
    const run = trainingRun(checkedWidths, dataset, { rows, seed });
    const owned = {
      ...{ rows: positionsOf(rows), owners: rows.gather(owners) },
      ...(!dataset.ids.arePositions && { ids: dataset.ids.of(rows) }),
    };
    const parts = partByOwner(owned, shards, 'shards').map((part) =>
      partByOwner(part, slices, 'slices'),
    );
    const seeds = shardSeeds(seed, shards, slices);
    // The caller may change the owners from here on.
    return whileReading(dataset, async () => {
      const recipe = await recipeOf(run, options, shards);
      const state: SisaState = {
        ...{ widths: checkedWidths, datasetRows: dataset.rows, recipe },
        shards: parts.map((part, i) => ({ slices: part, seeds: seeds[i]!, checkpoints: [] })),
      };
      const trained = await trainShards(state, dataset, options);
      return new Sisa({ ...state, shards: trained.shards });
    });
  }

  /**
   * Reads a Sisa written by `save`.
   *
   * @throws {LetheError} ERR_IO; ERR_INVALID_MODEL: truncated, altered, or of another format.
   */
  static async load(folder: string): Promise<Sisa> {
    return new Sisa(await readSisa(requirePath('folder', folder)));
  }

  /** Inputs, hidden layers, classes of every model. */
  get widths(): readonly number[] {
    return this.#state.widths;
  }

  /** By which every shard is trained. */
  get recipe(): RecordedRecipe {
    return this.#state.recipe;
  }

  /** Rows, models and costs of the shards; a shard without rows stays in the list, empty. */
  get shards(): readonly Shard[] {
    return this.#state.shards;
  }

  /**
   * Forgets rows, or whole owners or subjects. Where rows have ids, they are found by these, and those
   * that the data set has no more are forgotten too.
   *
   * @param dataset the remaining rows, wherever they are; without ids, a data set of the original size
   * with the remaining rows at their positions. The contents of forgotten rows are not read
   * @param forget may be an empty list where the data set lacks rows
   * @throws {LetheError} ERR_EMPTY_SET: nothing to forget, or nothing left; ERR_INVALID_ROWS: rows
   * out of range, given twice, not trained on or already forgotten; ERR_UNKNOWN_SUBJECT: an owner or
   * subject without rows; ERR_INVALID_ARGUMENT: a data set of other classes, columns or ids; otherwise
   * as trainModel.
   */
  async forget(
    dataset: Dataset,
    forget: Forgotten,
    wanted: SisaRunOptions = {},
  ): Promise<SisaResult> {
    const options = requireKnownFields('options', wanted, RUN_OPTIONS);
    const { signal } = options;
    this.#checkDataset(dataset);
    const placed = placedIn(dataset, this.shards);
    const known = placed.flatMap(({ slices }) => slices);
    const marks = markForgotten(known, dataset, forget);
    const isForgotten = (row: number) => row === GONE || marks[row] === 1;
    const shards = placed.map((shard) => withoutRows(shard, isForgotten));
    if (shards.every((shard) => rowsOfShard(shard) === 0)) {
      throw new LetheError(
        'ERR_EMPTY_SET',
        'every row would be forgotten: none is left to train on',
      );
    }
    if (signal?.aborted) throw new LetheError('ERR_ABORTED', 'the run was aborted before it began');
    const touched = [...shards.keys()].filter((i) => shards[i] !== placed[i]);
    const state = { ...this.#state, datasetRows: dataset.rows };
    const trained = await whileReading(dataset, () =>
      trainShards({ ...state, shards }, dataset, options),
    );
    const sisa = new Sisa({ ...state, shards: trained.shards });
    return { ...trained, sisa, shards: touched };
  }

  /**
   * Writes all models, including checkpoints, into a folder and removes earlier models from it:
   * after `forget`, no model that was trained on a forgotten row is left there.
   *
   * @throws {LetheError} ERR_IO, ERR_BUSY
   */
  async save(folder: string): Promise<void> {
    await writeSisa(requirePath('folder', folder), this.#state);
  }

  #checkDataset(dataset: Dataset): void {
    const { rows, inputs, name } = requireInstance('dataset', dataset, Dataset);
    const { datasetRows, widths, shards } = this.#state;
    // Those before the last one may have been left without a row, and then know no schema.
    for (const { model } of this.ensemble.members) requireSchema(model.facts, dataset);
    const hasIds = shards.some(({ slices }) => slices.some(({ ids }) => ids));
    if ((hasIds || rows === datasetRows) && inputs === widths[0]) return;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      hasIds
        ? `the shards were trained on ${widths[0]} features, but ${name} has ${inputs}`
        : `the shards were trained on ${datasetRows} x ${widths[0]} features, but ${name} has ` +
            `${rows} x ${inputs}: keep forgotten rows in their places, with any contents`,
    );
  }
}

function ownersOf(dataset: Dataset, rows: RowSet): Uint32Array {
  const known = dataset.subjects.owners(rows);
  if ('owners' in known) return known.owners;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${known.reason}, but a shard holds all rows of its owners, one to a row: give \`owners\``,
  );
}

/** The recipe of every shard. Its choice may read all rows; what is recorded is hyper-parameters. */
async function recipeOf(
  run: TrainingRun,
  options: SisaOptions,
  shards: number,
): Promise<RecordedRecipe> {
  const { recipe: wanted = 'auto' } = options;
  requireOneOf('recipe', wanted, ['auto', ...RECIPE_NAMES]);
  if (wanted === 'auto') refuseOthers(wanted, options);
  const name = wanted === 'auto' ? await automatic(run, options) : wanted;
  const own = pick<HyperParameters>(options, HYPER_PARAMETERS);
  const defaults = { effort: EFFORT_PER_SHARD * shards, sampledShare: SAMPLED_SHARE };
  return recordOf(
    name,
    name === 'fast' ? { ...defaults, ...own } : own,
    run.widths,
    run.rows.length,
  );
}

async function automatic(run: TrainingRun, options: SisaRunOptions): Promise<RecipeName> {
  const inputs = await encodedRun(run, options.threads);
  const { passes } = await checkFast(inputs, withoutProgress(options));
  return passes ? 'fast' : 'steady';
}

/** Trains all shards that lack checkpoints, one after the other. */
async function trainShards(
  { widths, recipe, shards }: SisaState,
  dataset: Dataset,
  options: SisaRunOptions,
) {
  const { onProgress } = options;
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  const cost = { steps: 0, multiplyAdds: 0, seconds: {} };
  const trained: Shard[] = [];
  for (const [i, shard] of shards.entries()) {
    const { shard: done, seconds } = await trainShard(shard, {
      ...{ widths, dataset, recipe },
      options: {
        ...withoutProgress(options),
        ...(onProgress && { onProgress: (progress) => onProgress({ shard: i, ...progress }) }),
      },
    });
    for (const { steps, multiplyAdds } of done.checkpoints.slice(shard.checkpoints.length)) {
      cost.steps += steps;
      cost.multiplyAdds += multiplyAdds;
    }
    addSeconds(cost.seconds, seconds);
    trained.push(done);
  }
  return { ...cost, shards: trained };
}
