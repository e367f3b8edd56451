import {
  type Names,
  requireFunction,
  requireInstance,
  requireInteger,
  requireNames,
  requireOneOf,
  requireText,
} from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Dataset } from '../../engine/dataset.js';
import { Ensemble } from '../../engine/ensemble.js';
import { checkWidths } from '../../engine/layout.js';
import type { PhasedOptions, PhaseProgress } from '../../engine/phases.js';
import type { Rows } from '../../engine/row-set.js';
import { RUN_OPTIONS, withoutProgress } from '../../engine/run.js';
import { fastOptionsOf, RECIPE_OPTIONS, refuseFastOptions } from '../../training/recipe.js';
import type { UnlearningResult } from '../method.js';
import { type Forgotten, markForgotten } from './forget-set.js';
import {
  addSeconds,
  rowsOfShard,
  type Shard,
  type ShardRecipe,
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

/** What training and forgetting take. */
export interface SisaRunOptions extends Omit<PhasedOptions, 'onProgress'> {
  /** Called at most 20 times a second. What it throws aborts the run and is what the run throws. */
  readonly onProgress?: (progress: SisaProgress) => void;
}

export interface SisaOptions extends ShardRecipe, SisaRunOptions {
  /** [dataset rows], who owns each row; any whole numbers. */
  readonly owners: Uint32Array;
  /** The rows to train on; default: all. */
  readonly rows?: Rows;
  /** Parts of the rows, each with a model of its own; default 4. */
  readonly shards?: number;
  /**
   * Parts of a shard, learnt one after the other, so that a shard is retrained from the first one that
   * is touched on; for the recipe `plain` alone. Default 1.
   */
  readonly slices?: number;
  /** Of everything random; default 0. */
  readonly seed?: number;
  /** Of the recipe `fast`; default: 1.25 for each shard, since a request retrains one of them. */
  readonly effort?: number;
  /** Of the recipe `fast`; default 0.1. */
  readonly sampledShare?: number;
}

const OPTIONS: Names<SisaOptions> = {
  ...RUN_OPTIONS,
  ...RECIPE_OPTIONS,
  ...{ recipe: true, owners: true, rows: true, shards: true, slices: true, seed: true },
};

export interface SisaResult extends Omit<UnlearningResult, 'model'> {
  /** What has forgotten; the one that was asked is as it was. */
  readonly sisa: Sisa;
  /** The shards that held forgotten rows, ascending. */
  readonly shards: readonly number[];
}

/** A request then costs about what exactRetrain does, however many shards there are. */
const EFFORT_PER_SHARD = 1.25;
/** More passes over a shard need a smaller sample each. */
const SAMPLED_SHARE = 0.1;

/**
 * Owner-aware SISA: the rows are parted into shards, each owner's in one alone; every shard has a
 * model of its own, and these answer together, weighted by their rows. To forget, only the models are
 * trained anew that knew a forgotten row. Exact: what is left is, bit for bit, what training on the
 * remaining rows with the same assignment of owners to shards gives. Limits: docs/sisa.md.
 *
 * Source: Bourtoule et al., "Machine unlearning", IEEE S&P 2021, section IV; there rows are dealt to
 * shards one by one, and models vote or average.
 */
export class Sisa {
  /** What answers: the models of all shards that have rows. */
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
   * Parts the rows and trains a model on each part.
   *
   * @param widths of every model: inputs, hidden layers, classes
   * @throws {LetheError} as trainModel; ERR_INVALID_ARGUMENT also where there are fewer owners than
   * shards, or in a shard than slices.
   */
  static async train(
    widths: readonly number[],
    dataset: Dataset,
    options: SisaOptions,
  ): Promise<Sisa> {
    const checkedWidths = Object.freeze(checkWidths(widths));
    requireInstance('dataset', dataset, Dataset);
    const { owners, shards = 4, slices = 1, seed = 0 } = requireNames('options', options, OPTIONS);
    const { rows: wanted = dataset.allRows() } = options;
    const rows = dataset.nonEmptyRowSet(wanted, 'set of rows');
    requireInteger('shards', shards, 1);
    requireInteger('slices', slices, 1);
    requireInteger('seed', seed, 0);
    if (requireInstance('owners', owners, Uint32Array).length !== dataset.rows) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `owners must name one for each of the ${dataset.rows} rows of ${dataset.name}, but are ` +
          `${owners.length}`,
      );
    }
    const recipe = recipeOf(options, shards);
    if (slices > 1 && recipe.recipe === 'fast') {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'slices need the recipe "plain": the fast one is a single cycle over all rows of a shard',
      );
    }
    const owned = { rows: rows.positions, owners: rows.gather(owners) };
    const parts = partByOwner(owned, shards, 'shards').map((part) =>
      partByOwner(part, slices, 'slices'),
    );
    const seeds = shardSeeds(seed, shards, slices);
    const state: SisaState = {
      ...{ widths: checkedWidths, datasetRows: dataset.rows, recipe },
      shards: parts.map((part, i) => ({ slices: part, seeds: seeds[i]!, checkpoints: [] })),
    };
    const trained = await trainShards(state, dataset, options);
    return new Sisa({ ...state, shards: trained.shards });
  }

  /**
   * Reads what `save` has written.
   *
   * @throws {LetheError} ERR_IO; ERR_INVALID_MODEL: truncated, altered, or of another format.
   */
  static async load(folder: string): Promise<Sisa> {
    return new Sisa(await readSisa(requireText('folder', folder)));
  }

  /** Inputs, hidden layers, classes of every model. */
  get widths(): readonly number[] {
    return this.#state.widths;
  }

  /** Rows, models and costs of the shards; one that has lost all its rows stays, empty. */
  get shards(): readonly Shard[] {
    return this.#state.shards;
  }

  /**
   * Forgets rows, or whole owners.
   *
   * @param dataset the rows that are left where they were, and so many rows in all; what the others
   * hold is not read
   * @throws {LetheError} ERR_EMPTY_SET: nothing to forget, or nothing left; ERR_INVALID_ROWS: rows
   * that are none, given twice, not trained on or forgotten already; ERR_UNKNOWN_SUBJECT: an owner
   * of no row; otherwise as trainModel.
   */
  async forget(
    dataset: Dataset,
    forget: Forgotten,
    options: SisaRunOptions = {},
  ): Promise<SisaResult> {
    const { signal } = requireNames('options', options, RUN_OPTIONS);
    this.#checkDataset(dataset);
    const known = this.shards.flatMap(({ slices }) => slices);
    const gone = markForgotten(known, dataset, forget);
    const shards = this.shards.map((shard) => withoutRows(shard, gone));
    if (shards.every((shard) => rowsOfShard(shard) === 0)) {
      throw new LetheError('ERR_EMPTY_SET', 'no row would be left to train on');
    }
    if (signal?.aborted) throw new LetheError('ERR_ABORTED', 'the run was aborted before it began');
    const touched = [...shards.keys()].filter((i) => shards[i] !== this.shards[i]);
    const trained = await trainShards({ ...this.#state, shards }, dataset, options);
    const sisa = new Sisa({ ...this.#state, shards: trained.shards });
    return { ...trained, sisa, shards: touched };
  }

  /**
   * Writes all models, checkpoints included, into a folder, and removes those there that are of
   * an earlier time: after `forget`, no file is left that knew a forgotten row.
   *
   * @throws {LetheError} ERR_IO, ERR_BUSY
   */
  async save(folder: string): Promise<void> {
    await writeSisa(requireText('folder', folder), this.#state);
  }

  #checkDataset(dataset: Dataset): void {
    const { rows, columns, name } = requireInstance('dataset', dataset, Dataset);
    const { datasetRows, widths } = this.#state;
    if (rows === datasetRows && columns === widths[0]) return;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the shards were trained on ${datasetRows} x ${widths[0]} features, but ${name} has ` +
        `${rows} x ${columns}: leave forgotten rows in their place`,
    );
  }
}

/** The options that every shard is trained with, defaults in their place. */
function recipeOf(options: SisaOptions, shards: number): ShardRecipe {
  const { recipe = 'fast' } = options;
  requireOneOf('recipe', recipe, ['fast', 'plain']);
  if (recipe === 'plain') {
    refuseFastOptions(options);
    return { recipe };
  }
  return {
    ...{ recipe, effort: EFFORT_PER_SHARD * shards, sampledShare: SAMPLED_SHARE },
    ...fastOptionsOf(options),
  };
}

/** Trains all shards that lack a model, one after the other. */
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
