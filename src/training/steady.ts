import { trainingWork } from '../engine/cost.js';
import type { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import { Parameters } from '../engine/parameters.js';
import { pass } from '../engine/pass.js';
import { inPhase, type PhasedOptions } from '../engine/phases.js';
import { type ColumnScales, inputScalingOf } from './column-scales.js';
import { divergence } from './divergence.js';
import { MOMENTUM, oneCycle } from './one-cycle.js';
import { type ScaledRows, scaleRows } from './outliers.js';
import type { TrainingRun, TrainingWork } from './training-run.js';

/** A little under two epochs, so that statistics and all cost 40 % of the plain recipe. */
export const STEADY_EPOCHS = 1.9;

const BATCH = 64;
/** The highest learning rate for a batch of 64. */
const RATE = 0.05;
/** Visits of rows in a run, at least: a small data set is visited more often. */
const FEWEST_VISITS = 150 * BATCH;
/** With fewer rows than this, a run is longer still, and in small batches: it costs little. */
const FEW_ROWS = 2000;
const FEW_BATCH = 16;
const MOST_VISITS_OF_FEW = 60_000;
/** A run that diverges is repeated at a learning rate divided by this. */
const CAUTION = 8;

export interface SteadyResult extends TrainingWork {
  readonly model: Model;
}

/** A run of one cycle, and what the columns are scaled by; undefined: they stay as they are. */
export interface CycleRun extends TrainingRun {
  readonly scaled?: ScaledRows | undefined;
  readonly length: RunLength;
}

export interface RunLength {
  readonly steps: number;
  readonly batchSize: number;
}

/**
 * Trains a network on half-whitened columns: one cycle of the learning rate, from the usual initial
 * parameters, which depend on no row. The scaling is part of the training alone: the model takes
 * the features as they are.
 *
 * @param epochs may be fractional
 * @throws {LetheError} as Model.train; ERR_DIVERGED only if a lower learning rate diverges too
 */
export async function trainSteadily(
  run: TrainingRun,
  epochs: number,
  options: PhasedOptions,
): Promise<SteadyResult> {
  const { dataset, rows, watch } = run;
  const scaled = await scaleRows(dataset, rows, options.threads);
  watch.lap('scale');
  return trainOneCycle({ ...run, scaled, length: steadyLength(rows.length, epochs) }, options);
}

/**
 * As trainSteadily, on scaled columns, whose scaling is part of the work, or on the columns as they
 * are.
 */
export async function trainOneCycle(
  { widths, dataset, rows, seed, watch, scaled, length }: CycleRun,
  options: PhasedOptions,
): Promise<SteadyResult> {
  const initial = scaled
    ? modelOfScaled(widths, seed, scaled.columns)
    : Model.create(widths, { seed });
  const { batchSize, steps } = length;
  const plan = {
    ...{ rows, batchSize, shuffleSeed: seed, maxSteps: steps },
    epochs: Math.ceil(steps / Math.ceil(rows.length / batchSize)),
  };
  const sink = {
    ...({ kind: 'sgd', ...MOMENTUM } as const),
    ...(scaled && { inputScaling: inputScalingOf(scaled.columns) }),
  };
  const rowWeights = scaled?.weights;
  const objective = { target: 'label', ...(rowWeights && { rowWeights }) } as const;
  const reasons = [describe(steps, batchSize, dataset, scaled)];
  let multiplyAdds = scaled?.multiplyAdds ?? 0;
  let model = initial.clone();
  const train = async (rate: number) => {
    multiplyAdds += steps * batchSize * trainingWork(widths);
    const learningRate = oneCycle(batchSize, rate);
    await pass(
      model,
      dataset,
      plan,
      objective,
      { ...sink, learningRate },
      inPhase('train', options),
    );
  };
  if (await divergence(() => train(RATE))) {
    reasons.push(`diverged: again at a learning rate divided by ${CAUTION}`);
    model = initial;
    await train(RATE / CAUTION);
  }
  watch.lap('train');
  return { model, steps, multiplyAdds, reasons };
}

function describe(steps: number, batchSize: number, { columns }: Dataset, scaled?: ScaledRows) {
  const run = `${steps} steps of ${batchSize} rows`;
  if (!scaled) return `${run} on ${columns} columns`;
  const { outliers } = scaled;
  const without = outliers > 0 ? `, ${outliers} rows far from all others weigh less` : '';
  return `${run} on ${scaled.columns.varying} half-whitened columns${without}`;
}

/** The steps of a run over so many rows. */
export function steadyLength(rows: number, epochs: number): RunLength {
  const isFew = rows < FEW_ROWS;
  const batchSize = Math.min(isFew ? FEW_BATCH : BATCH, rows);
  const floor = isFew
    ? Math.min(MOST_VISITS_OF_FEW, (FEWEST_VISITS * FEW_ROWS * FEW_ROWS) / (rows * rows))
    : FEWEST_VISITS;
  const visits = Math.max(epochs * rows, floor);
  // Fewer rows than a batch make steps no cheaper: as many as of whole batches must do.
  return { batchSize, steps: Math.max(1, Math.round(visits / (isFew ? FEW_BATCH : BATCH))) };
}

/** The network of usual initial parameters on scaled columns, as a network on the columns. */
function modelOfScaled(widths: readonly number[], seed: number, columns: ColumnScales): Model {
  const { centres, scales } = columns;
  const parameters = new Parameters(widths, Model.create(widths, { seed }).parameters());
  const biases = parameters.biases(0);
  for (let unit = 0; unit < biases.length; unit++) {
    const weights = parameters.weightsOfUnit(0, unit);
    let shift = 0;
    for (let j = 0; j < weights.length; j++) {
      weights[j]! *= scales[j]!;
      shift += weights[j]! * centres[j]!;
    }
    biases[unit]! -= shift;
  }
  return Model.fromParameters(widths, parameters.values);
}
