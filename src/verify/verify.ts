import {
  type KnownFields,
  requireArray,
  requireFunction,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
  requirePositive,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { Dataset } from '../engine/dataset.js';
import type { InputMap } from '../engine/encoding/input-map.js';
import { inputRows } from '../engine/encoding/input-rows.js';
import { Ensemble } from '../engine/ensemble.js';
import { Model } from '../engine/model.js';
import { Parameters } from '../engine/parameters.js';
import type { Predictor } from '../engine/predictor.js';
import { positionsOf, type RowSet, type Rows } from '../engine/row-set.js';
import {
  checkRunOptions,
  type RunOptions,
  SILENT_RUN_OPTIONS,
  withoutProgress,
} from '../engine/run.js';
import { toOnnx } from '../formats/export-model.js';
import {
  compareLogits,
  DEFAULT_TOLERANCE,
  type Disagreement,
  type LogitComparison,
} from '../runtime/compare-logits.js';
import { OnnxRuntime } from '../runtime/onnx-runtime.js';
import { largestSumOfTerms, type SummedLayer } from '../runtime/sum-magnitudes.js';

/** Rows on which to verify a model. */
export interface VerificationSet {
  /** Identifies the set in results and errors, e.g. `forget`. */
  readonly name: string;
  readonly dataset: Dataset;
  /** At least one. */
  readonly rows: Rows;
}

export interface VerifyOptions extends Omit<RunOptions, 'onProgress'> {
  /** Rows compared at a time at most, which bounds the memory. Default 1024. */
  readonly chunkRows?: number;
  /** See compareLogits; at most 0.01. Default 1e-4. */
  readonly tolerance?: number;
}

const VERIFY_OPTIONS: KnownFields<VerifyOptions> = {
  ...SILENT_RUN_OPTIONS,
  ...{ chunkRows: true, tolerance: true },
};

/** A successful comparison: verify throws if anything disagrees. */
export interface VerifiedSet {
  readonly rows: number;
  /** Rows whose predictions were compared: all except ties. */
  readonly compared: number;
  /** Rows whose two largest logits differ by at most the tolerance. */
  readonly ties: number;
  /**
   * The share of the compared rows whose predictions agree, in [0, 1]; undefined if all rows are ties,
   * because then no prediction was compared.
   */
  readonly agreement: number | undefined;
  /** The largest absolute difference of a logit. */
  readonly maxAbsDiff: number;
}

export interface Verification extends VerifiedSet {
  /** The runtime that the engine was compared with, e.g. `onnxruntime-node 1.30.0`. */
  readonly runtime: string;
  /** The comparison of each set, by its name. */
  readonly perSet: Readonly<Record<string, VerifiedSet>>;
}

/**
 * Verifies a model or an ensemble outside the engine: exports it to ONNX, runs it in ONNX Runtime
 * and compares logits and predictions on all rows of all sets, by the rules of compareLogits. It
 * verifies the model as it is at the call, which may be trained further meanwhile.
 *
 * @param sets e.g. forget, retain and test, with different names; a row may be in several sets
 * @throws {LetheError} ERR_VERIFICATION_FAILED: a disagreement; the message names the set, the row
 * and both values. ERR_RUNTIME: ONNX Runtime cannot be started or does not run the model.
 * ERR_EMPTY_SET, ERR_INVALID_ROWS, ERR_INVALID_ARGUMENT, ERR_ABORTED, ERR_BUSY.
 */
export async function verify(
  given: Predictor,
  sets: readonly VerificationSet[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const settings = checkOptions(options);
  const checked = checkSets(given, sets);
  const model = snapshotOf(given);
  throwIfAborted(settings.signal);
  // The affine map is only metadata in the file: rows are compared on normalized features, or, where
  // their columns are encoded, on raw values, which the file encodes itself.
  const onnx = await toOnnx(model, { dataset: checked[0]!.dataset });
  const runtime = await OnnxRuntime.load(onnx, { ...settings, origin: 'own' });
  const both = { model, runtime, networks: networksOf(model).map(measured) };
  try {
    const compared: [name: string, comparison: LogitComparison][] = [];
    for (const set of checked) {
      compared.push([set.name, await compareSet(both, set, settings)]);
    }
    return {
      ...summary(compared.map(([, comparison]) => comparison).reduce(sum)),
      runtime: runtime.name,
      perSet: Object.fromEntries(compared.map(([name, comparison]) => [name, summary(comparison)])),
    };
  } finally {
    await runtime.close();
  }
}

/** The same parameters, which nobody else changes. */
function snapshotOf(model: Predictor): Predictor {
  if (model instanceof Model) return model.clone();
  if (!(model instanceof Ensemble)) return model;
  return new Ensemble(
    model.members.map(({ model: member, weight }) => ({ model: member.clone(), weight })),
  );
}

/** A model in the engine and in the runtime. */
interface Compared {
  readonly model: Predictor;
  readonly runtime: OnnxRuntime;
  readonly networks: readonly MeasuredNetwork[];
}

/** A network whose sums are looked at, and how it takes raw values. */
interface MeasuredNetwork {
  readonly layers: readonly SummedLayer[];
  readonly inputMap: InputMap | undefined;
}

type Settings = ReturnType<typeof checkOptions>;

function checkOptions(options: VerifyOptions) {
  const { chunkRows = 1024, tolerance = DEFAULT_TOLERANCE } = requireKnownFields(
    'options',
    options,
    VERIFY_OPTIONS,
  );
  return {
    ...checkRunOptions<never>(withoutProgress(options)),
    chunkRows: requireInteger('chunkRows', chunkRows, 1),
    tolerance: requireTolerance(tolerance),
  };
}

/** Whatever differs by more is another model. */
const LARGEST_TOLERANCE = 0.01;

function requireTolerance(tolerance: number): number {
  if (requirePositive('tolerance', tolerance) <= LARGEST_TOLERANCE) return tolerance;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `tolerance must be at most ${LARGEST_TOLERANCE}, because more would pass for the same what is ` +
      `not, but is ${tolerance}`,
  );
}

const SET_NAMES: KnownFields<VerificationSet> = { name: true, dataset: true, rows: true };

type CheckedSet = Omit<VerificationSet, 'rows'> & { readonly rows: RowSet };

function checkSets(model: Predictor, sets: readonly VerificationSet[]): CheckedSet[] {
  requireFunction('the logits of the model', requireObject('model', model).logits);
  const [columns] = requireArray('the widths of the model', model.widths);
  if (requireArray('sets', sets).length === 0)
    throw new LetheError(
      'ERR_EMPTY_SET',
      'sets is empty: give at least one set of rows to verify on',
    );
  const names = sets.map((set) =>
    requireText('the name of a set', requireKnownFields('a set', set, SET_NAMES).name),
  );
  if (new Set(names).size < sets.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the names of the sets must differ, but are ${names.join(', ')}`,
    );
  }
  return sets.map(({ name, dataset, rows }) => {
    requireInstance('the dataset of a set', dataset, Dataset);
    if (dataset.inputs !== columns) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `${dataset.name} has ${dataset.inputs} features, but the model takes ${columns}`,
      );
    }
    return { name, dataset, rows: dataset.nonEmptyRowSet(rows, `${name} set`) };
  });
}

/** The most features compared at a time, 64 MiB in each process, however many rows are asked for. */
const MOST_FEATURES = 2 ** 24;

async function compareSet(
  { model, runtime, networks }: Compared,
  { name, dataset, rows }: CheckedSet,
  { chunkRows, tolerance, ...running }: Settings,
): Promise<LogitComparison> {
  let total: LogitComparison = { rows: 0, ties: 0, agreeing: 0, maxAbsDiff: 0 };
  const magnitude = await magnitudeOn(networks, dataset, rows);
  const atOnce = Math.max(1, Math.min(chunkRows, Math.floor(MOST_FEATURES / dataset.columns)));
  for (let start = 0; start < rows.length; start += atOnce) {
    throwIfAborted(running.signal);
    const chunk = rows.slice(start, start + atOnce);
    const given = rowsToRun(dataset, chunk);
    // In parallel: ONNX Runtime in its process, the engine in its own threads.
    const [theirs, ours] = await Promise.all([
      runtime.run(graphInputs(given), chunk.length, dataset.columns),
      model.logits(given.dataset, given.rows, running),
    ]);
    if (given.dataset !== dataset) given.dataset.close();
    const magnitudes = new Float64Array(chunk.length).fill(magnitude);
    const comparison = compareLogits(ours, theirs, model.widths.at(-1)!, tolerance, magnitudes);
    if (comparison.disagreement) {
      const { disagreement } = comparison;
      const row = given.positions[disagreement.row]!;
      throw new LetheError(
        'ERR_VERIFICATION_FAILED',
        `${name} set, row ${row} of ${dataset.name}: ${describe(disagreement)}`,
      );
    }
    total = sum(total, comparison);
  }
  return total;
}

interface GivenRows {
  readonly dataset: Dataset;
  readonly rows: RowSet;
  /** Where the rows are in the data set that is verified on. */
  readonly positions: Uint32Array;
}

/**
 * Rows as the model and the runtime are given them. Where columns are encoded, they are a data set of
 * their own, because a model encodes all rows of one, for each chunk and each member of an ensemble.
 */
function rowsToRun(dataset: Dataset, rows: RowSet): GivenRows {
  if (!dataset.encoding) return { dataset, rows, positions: positionsOf(rows) };
  const positions = positionsOf(rows).slice().sort();
  const selected = dataset.select(positions);
  return { dataset: selected, rows: selected.allRows(), positions };
}

/** The rows as the exported graph takes them, float32 [rows, columns]. */
function graphInputs({ dataset, rows }: GivenRows): Float32Array {
  return dataset.encoding ? (dataset.stored(rows) as Float32Array) : dataset.normalized(rows);
}

/** Rows on which the size of sums is looked at; fewer where a model is so large that it takes long. */
const MEASURED_ROWS = 16;
const MULTIPLY_ADDS = 2 ** 25;

/** The largest sum of absolute terms in any network on some of the rows, evenly spread. */
async function magnitudeOn(
  networks: readonly MeasuredNetwork[],
  dataset: Dataset,
  rows: RowSet,
): Promise<number> {
  const weights = networks
    .flatMap(({ layers }) => layers)
    .reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const count = Math.max(1, Math.min(MEASURED_ROWS, Math.floor(MULTIPLY_ADDS / weights)));
  const step = Math.ceil(rows.length / count);
  const sample = rowsToRun(
    dataset,
    rows.filter((_, i) => i % step === 0),
  );
  let largest = 0;
  for (const { layers, inputMap } of networks) {
    const inputs = (await inputRows({ inputMap }, sample.dataset)).normalized(sample.rows);
    const columns = layers[0]!.inputs;
    for (let from = 0; from < inputs.length; from += columns) {
      const row = Float64Array.from(inputs.subarray(from, from + columns));
      largest = Math.max(largest, largestSumOfTerms(layers, row));
    }
  }
  if (sample.dataset !== dataset) sample.dataset.close();
  return largest;
}

/** The networks of a model, or of each member of an ensemble. */
function networksOf(model: Predictor): readonly Pick<Model, 'widths' | 'parameters'>[] {
  return model instanceof Ensemble ? model.members.map((member) => member.model) : [model];
}

function measured(network: Pick<Model, 'widths' | 'parameters'>): MeasuredNetwork {
  const parameters = new Parameters(network.widths, network.parameters());
  return {
    layers: parameters.layers.map(({ inputs, outputs }, layer) => ({
      ...{ inputs, outputs },
      ...{ weight: parameters.weights(layer), bias: parameters.biases(layer) },
    })),
    inputMap: network instanceof Model ? network.inputMap : undefined,
  };
}

function describe(disagreement: Disagreement): string {
  const { kind, engine, runtime } = disagreement;
  if (kind === 'prediction') {
    return `the engine predicts class ${engine}, ONNX Runtime class ${runtime}`;
  }
  const values = `the logit of class ${disagreement.class} is ${engine} in the engine and ${runtime} in ONNX Runtime`;
  return kind === 'notFinite'
    ? `${values}, but both must be finite`
    : `${values}, but may differ by at most ${disagreement.allowed}`;
}

function sum(a: LogitComparison, b: LogitComparison): LogitComparison {
  return {
    rows: a.rows + b.rows,
    ties: a.ties + b.ties,
    agreeing: a.agreeing + b.agreeing,
    maxAbsDiff: Math.max(a.maxAbsDiff, b.maxAbsDiff),
  };
}

function summary({ rows, ties, agreeing, maxAbsDiff }: LogitComparison): VerifiedSet {
  const compared = rows - ties;
  const agreement = compared > 0 ? agreeing / compared : undefined;
  return { rows, compared, ties, agreement, maxAbsDiff };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new LetheError('ERR_ABORTED', 'the verification was aborted', { cause: signal.reason });
}
