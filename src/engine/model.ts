import {
  isInstance,
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireOneOf,
  requirePath,
} from '../base/arguments.js';
import { availableThreads } from '../base/available-threads.js';
import { LetheError } from '../base/errors.js';
import { Stopwatch } from '../base/stopwatch.js';
import { Dataset } from './dataset.js';
import type { InputMap } from './encoding/input-map.js';
import { type Evaluation, evaluateRows, likeliestNames } from './evaluation.js';
import { storedFeatures } from './feature-map.js';
import { forward } from './forward.js';
import type { FeatureMap } from './labelled-data.js';
import { checkWidths } from './layout.js';
import { checkModelFacts, type ModelFacts, requireSchema, withoutDigest } from './model-facts.js';
import { readModel, writeModel } from './model-file.js';
import { callNative, type NativeModel } from './native.js';
import { handleOf, Network } from './network.js';
import { parameterHash } from './parameter-hash.js';
import { pass } from './pass.js';
import { featuresOf, type PredictInputs } from './predict-inputs.js';
import type { Rows } from './row-set.js';
import { RUN_OPTIONS, type RunOptions, runOptionsOf } from './run.js';
import { TRAIN_OPTIONS, type TrainOptions, trainingPass } from './training-pass.js';
import type { RecordedRecipe } from './training-recipe.js';

export interface TrainResult {
  /** Mean cross-entropy of each epoch, in nats, measured during training. */
  readonly epochLoss: readonly number[];
  readonly steps: number;
  /** Visited rows, counted once per visit. */
  readonly rows: number;
  readonly seconds: number;
}

export interface FisherOptions extends RunOptions {
  /**
   * `perRow`: the mean over rows of the squared gradient of each row's loss, i.e. the diagonal of
   * the empirical Fisher information. `batch`: the reference study's variant, the squares of each
   * batch's mean gradient, summed and divided by the number of rows; it is up to about batchSize^2
   * times too small.
   */
  readonly mode: 'batch' | 'perRow';
  /** Stops after the batch in which this many rows have been visited; default: all rows. */
  readonly samples?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Shuffles the rows; without it they are visited in order. */
  readonly seed?: number;
}

/** Looked up once, since that takes longer than to predict a row. */
let predictThreads: number | undefined;

const FISHER_OPTIONS: KnownFields<FisherOptions> = {
  ...RUN_OPTIONS,
  ...{ mode: true, samples: true, batchSize: true, seed: true },
};

/** @internal The same model, of the same memory, that knows other things of itself. */
export let described: (model: Model, facts: ModelFacts) => Model;

/**
 * A multilayer perceptron for classification: linear layers with ReLU between them; the output is
 * logits. The parameters are one float32 vector in native memory: for each layer W, row-major
 * [outputs, inputs], then b [outputs]. While a run changes the model, every other use of it throws
 * ERR_BUSY; to keep serving predictions, clone the model first.
 */
export class Model extends Network {
  #facts: ModelFacts;

  static {
    described = (model, facts) => {
      const checked = checkModelFacts(model.widths, { ...model.#facts, ...facts });
      return new Model(model.widths, handleOf(model), checked);
    };
  }

  private constructor(widths: readonly number[], handle: NativeModel, facts: ModelFacts = {}) {
    super(widths, handle);
    this.#facts = facts;
  }

  /**
   * What the model knows beside its parameters. Its file, its exports and copies have it too, and
   * methods that change the model keep it, but for the digest of the rows that it was trained on.
   */
  get facts(): ModelFacts {
    return this.#facts;
  }

  /**
   * A new model with W and b uniform in +-1/sqrt(inputs), as PyTorch's nn.Linear initializes them.
   *
   * @param widths inputs, hidden layers, classes; e.g. [784, 512, 128, 10]
   * @param options.seed a whole number of at least 0; default 0
   * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_OUT_OF_MEMORY
   */
  static create(widths: readonly number[], options: { seed?: number } = {}): Model {
    const { seed = 0 } = requireKnownFields('options', options, { seed: true });
    requireInteger('seed', seed, 0);
    const checked = checkWidths(widths);
    const handle = callNative(
      (addon) => new addon.Model({ widths: Uint32Array.from(checked), seed }),
    );
    return new Model(checked, handle);
  }

  /**
   * A model with a copy of the given parameters.
   *
   * @param parameters float32, for each layer W [outputs, inputs], then b [outputs]
   * @throws {LetheError} ERR_INVALID_ARGUMENT: a wrong number of values, or one that is not finite.
   */
  static fromParameters(widths: readonly number[], parameters: Float32Array): Model {
    const checked = checkWidths(widths);
    requireInstance('parameters', parameters, Float32Array);
    const handle = callNative(
      (addon) => new addon.Model({ widths: Uint32Array.from(checked), parameters }),
    );
    return new Model(checked, handle);
  }

  /** @internal A model that is in native memory already. */
  static fromHandle(widths: readonly number[], handle: NativeModel): Model {
    return new Model(widths, handle);
  }

  /**
   * A model of the same widths and facts, but for the digest, with a copy of other parameters.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT, as fromParameters
   */
  withParameters(parameters: Float32Array): Model {
    const model = Model.fromParameters(this.widths, parameters);
    return described(model, withoutDigest(this.#facts));
  }

  /**
   * An independent model with the same parameters, that knows other things of itself. What `facts`
   * does not name stays; what is undefined there is forgotten.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT: names that are not one for each class or input, and
   * otherwise not what ModelFacts says. ERR_INVALID_MODEL: not a recorded recipe. ERR_BUSY.
   */
  withFacts(facts: ModelFacts): Model {
    return described(this.clone(), facts);
  }

  /**
   * Reads a model written by `save`.
   *
   * @throws {LetheError} ERR_IO; ERR_INVALID_MODEL: truncated, altered, or of another format.
   */
  static async load(path: string): Promise<Model> {
    const { widths, parameters, facts } = await readModel(requirePath('path', path));
    return described(Model.fromParameters(widths, parameters), facts);
  }

  /** How the model was trained from the beginning, see ModelFacts. */
  get recipe(): RecordedRecipe | undefined {
    return this.facts.recipe;
  }

  /** How the model takes raw values, see ModelFacts. */
  get inputMap(): InputMap | undefined {
    return this.facts.inputMap;
  }

  /** [classes], see ModelFacts. */
  get classNames(): readonly string[] | undefined {
    return this.facts.classNames;
  }

  get classes(): number {
    return this.widths.at(-1)!;
  }

  /** A copy of the parameters. @throws {LetheError} ERR_BUSY */
  parameters(): Float32Array {
    return callNative(() => handleOf(this).parameters());
  }

  /**
   * SHA-256 of widths, parameters and input map in hex, see parameterHash.
   *
   * @throws {LetheError} ERR_BUSY
   */
  hash(): string {
    return parameterHash(this.widths, this.parameters(), this.inputMap);
  }

  /** An independent model with the same parameters. @throws {LetheError} ERR_BUSY */
  clone(): Model {
    return new Model(
      this.widths,
      callNative((addon) => new addon.Model({ source: handleOf(this) })),
      this.facts,
    );
  }

  /**
   * Writes a safetensors file that includes the parameters' hash; an existing file is replaced as a
   * whole or not at all.
   *
   * @throws {LetheError} ERR_IO, ERR_BUSY; ERR_INVALID_ARGUMENT: a file of 2 GiB or more
   */
  async save(path: string): Promise<void> {
    await writeModel(requirePath('path', path), {
      widths: this.widths,
      parameters: this.parameters(),
      facts: this.facts,
    });
  }

  /**
   * Trains with SGD (as torch.optim.SGD) on the cross-entropy, with a new Philox row order in each
   * epoch. If the run is aborted or diverges, the model stays as it was.
   *
   * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_INVALID_ROWS, ERR_EMPTY_SET, ERR_BUSY,
   * ERR_ABORTED, ERR_DIVERGED, ERR_OUT_OF_MEMORY, ERR_NO_DEVICE, ERR_DEVICE_FAILED
   */
  async train(dataset: Dataset, trainOptions: TrainOptions = {}): Promise<TrainResult> {
    this.#requireData(dataset);
    const options = requireKnownFields('options', trainOptions, TRAIN_OPTIONS);
    const { plan, sink } = trainingPass(dataset, options);
    const watch = new Stopwatch();
    const run = runOptionsOf(options);
    const { epochLoss, steps, rows } = await pass(
      this,
      dataset,
      plan,
      { target: 'label' },
      sink,
      run,
    );
    watch.lap('train');
    this.#facts = withoutDigest(this.#facts);
    return { epochLoss, steps, rows, seconds: watch.seconds.train! };
  }

  /**
   * The diagonal of the Fisher information, float32, one value per parameter.
   *
   * @throws {LetheError} as train
   */
  async fisher(dataset: Dataset, rows: Rows, fisherOptions: FisherOptions): Promise<Float32Array> {
    this.#requireData(dataset);
    const checked = dataset.nonEmptyRowSet(rows, 'set of rows');
    const options = requireKnownFields('options', fisherOptions, FISHER_OPTIONS);
    const { mode, samples = checked.length, batchSize = 128, seed } = options;
    requireOneOf('mode', mode, ['batch', 'perRow']);
    requireInteger('batchSize', batchSize, 1);
    requireInteger('samples', samples, 1);
    const { values } = await pass(
      this,
      dataset,
      {
        rows: checked,
        batchSize,
        maxSteps: Math.ceil(samples / batchSize),
        ...(seed !== undefined && { shuffleSeed: seed }),
      },
      { target: 'label' },
      { kind: 'squaredGradient', mode },
      runOptionsOf(options),
    );
    return values!;
  }

  /**
   * The logits of the rows, float32 [rows, classes].
   *
   * @throws {LetheError} as train
   */
  async logits(dataset: Dataset, rows: Rows, options: RunOptions = {}): Promise<Float32Array> {
    this.#requireData(dataset);
    const checked = dataset.nonEmptyRowSet(rows, 'set of rows');
    return forward(this, dataset, checked, 'logits', options);
  }

  /**
   * The logits of a few rows, float32 [rows, classes]. Computes on and blocks the calling thread,
   * about 20 microseconds for one row of MNIST. For many rows, make a Dataset and call `logits`.
   *
   * @param inputs float32 [rows, inputs] as the network takes them, or bytes; where the model encodes
   * its columns, raw values [rows, columns]; where it knows their names, also objects by these
   * @param affine the normalization of bytes, default: what the model knows, see ModelFacts; or of
   * float32 values, default: none; not of raw values
   * @throws {LetheError} ERR_INVALID_ARGUMENT, ERR_BUSY; ERR_DIVERGED: a logit is not finite.
   */
  predict(
    inputs: PredictInputs,
    affine: FeatureMap | undefined = isInstance(inputs, Uint8Array) ? this.facts.affine : undefined,
  ): Float32Array {
    if (affine && this.inputMap) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'the model encodes raw values by its own map: leave out affine',
      );
    }
    const given = featuresOf(inputs, this.facts, this.widths[0]!);
    const { features, affine: map } = storedFeatures(given, affine);
    predictThreads ??= availableThreads();
    const request = { features, ...map, threads: predictThreads };
    return callNative(() => handleOf(this).predict(request));
  }

  /**
   * The names of the likeliest classes of a few rows, the first among equals, [rows].
   *
   * @param inputs as predict takes them, @param affine likewise
   * @throws {LetheError} as predict; ERR_INVALID_ARGUMENT also if the model knows no class names
   */
  predictNames(inputs: PredictInputs, affine?: FeatureMap): string[] {
    const { classNames } = this.facts;
    if (!classNames) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        'the model knows no class names: use predict, or give it names by ' +
          'model.withFacts({classNames: [...]})',
      );
    }
    return likeliestNames(this.predict(inputs, affine), classNames);
  }

  /**
   * Accuracy and mean cross-entropy over the rows.
   *
   * @throws {LetheError} as train
   */
  async evaluate(dataset: Dataset, rows: Rows, options: RunOptions = {}): Promise<Evaluation> {
    this.#requireData(dataset);
    return evaluateRows(this, dataset, rows, options);
  }

  #requireData(dataset: Dataset): void {
    requireSchema(this.facts, requireInstance('dataset', dataset, Dataset));
  }
}
