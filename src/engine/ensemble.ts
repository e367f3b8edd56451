import { requireArray, requireInstance, requireNames, requirePositive } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Dataset } from './dataset.js';
import { type Evaluation, evaluateRows, logSoftmax } from './evaluation.js';
import { Model } from './model.js';
import type { Rows } from './row-set.js';
import { checkRunOptions, type RunOptions } from './run.js';

export interface EnsembleMember {
  readonly model: Model;
  /** How much it counts in the mean beside the others; above 0. E.g. the rows that it was trained on. */
  readonly weight: number;
}

/**
 * Models of the same inputs and classes that answer as one: with the weighted mean of their
 * probabilities. What stands for logits is the logarithm of that mean.
 */
export class Ensemble {
  readonly members: readonly EnsembleMember[];
  /** Inputs and classes. */
  readonly widths: readonly number[];

  /** @throws {LetheError} ERR_EMPTY_SET: no member; ERR_INVALID_ARGUMENT */
  constructor(members: readonly EnsembleMember[]) {
    this.members = Object.freeze(
      requireArray('members', members).map((member) => {
        const { model, weight } = requireNames('a member', member, { model: true, weight: true });
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
        'the members of an ensemble must have the same inputs and classes',
      );
    }
  }

  get classes(): number {
    return this.widths[1]!;
  }

  /** The share of each member in the mean; together 1. */
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
    const { shares, classes } = this;
    requireInstance('dataset', dataset, Dataset);
    const checked = dataset.nonEmptyRowSet(rows, 'set of rows');
    // Snapshots: a member may be trained on while others answer.
    const models = this.members.map(({ model }) => model.clone());
    let mean: Float64Array | undefined;
    for (const [i, model] of models.entries()) {
      const logits = await model.logits(dataset, checked, {
        ...run,
        ...(onProgress && {
          onProgress: ({ step, steps, ...progress }) =>
            onProgress({ ...progress, step: i * steps + step, steps: models.length * steps }),
        }),
      });
      const logShare = Math.log(shares[i]!);
      const own = logSoftmax(logits, classes).map((value) => value + logShare);
      mean = mean ? mean.map((value, at) => logOfSum(value, own[at]!)) : own;
    }
    return Float32Array.from(mean!);
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
   * SHA-256, in hex, of the text `lethe ensemble 1\n` and for each member, in their order, its hash,
   * a space, its weight in decimal and `\n`.
   *
   * @throws {LetheError} ERR_BUSY
   */
  hash(): string {
    const { createHash } = process.getBuiltinModule('node:crypto');
    const hash = createHash('sha256').update('lethe ensemble 1\n');
    for (const { model, weight } of this.members) hash.update(`${model.hash()} ${weight}\n`);
    return hash.digest('hex');
  }
}

/** log(exp(a) + exp(b)), also where both are too small for exp. */
function logOfSum(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}
