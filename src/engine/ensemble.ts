import {
  requireArray,
  requireInstance,
  requireKnownFields,
  requirePositive,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Dataset } from './dataset.js';
import { type Evaluation, evaluateRows, likeliestNames, logSoftmax } from './evaluation.js';
import type { FeatureMap } from './labelled-data.js';
import { Model } from './model.js';
import type { PredictInputs } from './predict-inputs.js';
import type { Rows } from './row-set.js';
import { checkRunOptions, type RunOptions } from './run.js';

export interface EnsembleMember {
  readonly model: Model;
  /**
   * The relative weight of its answer in the mean, above 0; e.g. the number of rows it was trained
   * on.
   */
  readonly weight: number;
}

/**
 * Models with the same inputs and classes that answer together, with the weighted mean of their
 * probabilities. The logits of an ensemble are the logarithms of that mean.
 */
export class Ensemble {
  readonly members: readonly EnsembleMember[];
  /** Inputs and classes. */
  readonly widths: readonly number[];

  /**
   * @throws {LetheError} ERR_EMPTY_SET: no member; ERR_INVALID_ARGUMENT: unequal inputs or classes
   */
  constructor(members: readonly EnsembleMember[]) {
    this.members = Object.freeze(
      requireArray('members', members).map((member) => {
        const { model, weight } = requireKnownFields('a member', member, {
          model: true,
          weight: true,
        });
        requireInstance('the model of a member', model, Model);
        return { model, weight: requirePositive('the weight of a member', weight) };
      }),
    );
    const [first] = this.members;
    if (!first) throw new LetheError('ERR_EMPTY_SET', 'an ensemble needs at least one member');
    this.widths = Object.freeze([first.model.widths[0]!, first.model.classes]);
    const [inputs, classes] = this.widths;
    if (this.members.some(({ model }) => model.widths[0] !== inputs || model.classes !== classes)) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the members of an ensemble must all have ${inputs} inputs and ${classes} classes, as the first`,
      );
    }
  }

  get classes(): number {
    return this.widths[1]!;
  }

  /** [classes], the names that all members know their classes by. */
  get classNames(): readonly string[] | undefined {
    const [first, ...others] = this.members.map(({ model }) => model.classNames);
    const isShared = others.every((names) => names?.join('\n') === first?.join('\n'));
    return isShared ? first : undefined;
  }

  /** The share of each member in the mean; they add up to 1. */
  get shares(): readonly number[] {
    const total = this.members.reduce((sum, { weight }) => sum + weight, 0);
    return this.members.map(({ weight }) => weight / total);
  }

  /**
   * The logarithms of the mean probabilities, float32 [rows, classes].
   *
   * @throws {LetheError} as Model.logits
   */
  async logits(dataset: Dataset, rows: Rows, options: RunOptions = {}): Promise<Float32Array> {
    const { onProgress, ...run } = checkRunOptions(options);
    requireInstance('dataset', dataset, Dataset);
    const checked = dataset.nonEmptyRowSet(rows, 'set of rows');
    // Works on snapshots, because a member may be trained further while others answer.
    const models = this.members.map(({ model }) => model.clone());
    const logits: Float32Array[] = [];
    for (const [i, model] of models.entries()) {
      const own = await model.logits(dataset, checked, {
        ...run,
        ...(onProgress && {
          onProgress: ({ step, steps, ...progress }) =>
            onProgress({ ...progress, step: i * steps + step, steps: models.length * steps }),
        }),
      });
      logits.push(own);
    }
    return this.#meanOf(logits);
  }

  /**
   * The logarithms of the mean probabilities of a few rows, float32 [rows, classes]. Computes on and
   * blocks the calling thread, as long as its members together.
   *
   * @param inputs and `affine` as of Model.predict
   * @throws {LetheError} as Model.predict
   */
  predict(inputs: PredictInputs, affine?: FeatureMap): Float32Array {
    const logits = this.members.map(({ model }) => model.predict(inputs, affine));
    return this.#meanOf(logits);
  }

  /**
   * The names of the likeliest classes of a few rows, the first among equals, [rows].
   *
   * @param inputs and `affine` as of Model.predict
   * @throws {LetheError} as Model.predictNames; ERR_INVALID_ARGUMENT also if the members know other
   * names
   */
  predictNames(inputs: PredictInputs, affine?: FeatureMap): string[] {
    const { classNames } = this;
    if (classNames) return likeliestNames(this.predict(inputs, affine), classNames);
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'the members know no class names, or not the same: use predict, or give them names by ' +
        'model.withFacts({classNames: [...]})',
    );
  }

  /**
   * Accuracy and mean cross-entropy over the rows.
   *
   * @throws {LetheError} as Model.evaluate
   */
  async evaluate(dataset: Dataset, rows: Rows, options: RunOptions = {}): Promise<Evaluation> {
    return evaluateRows(this, dataset, rows, options);
  }

  /**
   * SHA-256, in hex, of the text `lethe ensemble 1\n` followed, for each member in order, by its
   * hash, a space, its weight in decimal and `\n`.
   *
   * @throws {LetheError} ERR_BUSY
   */
  hash(): string {
    const { createHash } = process.getBuiltinModule('node:crypto');
    const hash = createHash('sha256').update('lethe ensemble 1\n');
    for (const { model, weight } of this.members) hash.update(`${model.hash()} ${weight}\n`);
    return hash.digest('hex');
  }

  /** The logarithms of the mean probabilities. @param logits of each member, [rows, classes] */
  #meanOf(logits: readonly Float32Array[]): Float32Array {
    const { shares, classes } = this;
    const parts = logits.map((own, i) => {
      const logShare = Math.log(shares[i]!);
      return logSoftmax(own, classes).map((value) => value + logShare);
    });
    const mean = parts.reduce((sum, own) => sum.map((value, at) => logOfSum(value, own[at]!)));
    return Float32Array.from(mean);
  }
}

/** log(exp(a) + exp(b)), accurate even where exp(a) and exp(b) underflow. */
function logOfSum(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}
