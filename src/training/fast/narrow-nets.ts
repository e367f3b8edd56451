import { selectiveWork } from '../../engine/cost.js';
import type { Dataset } from '../../engine/dataset.js';
import { Model } from '../../engine/model.js';
import { inPhase, type PhasedOptions } from '../../engine/phases.js';
import { shareMachine, shareReporter, sideBySide } from '../../engine/side-by-side.js';
import { divergence } from '../divergence.js';
import { MOMENTUM, oneCycle, partOf } from '../one-cycle.js';
import { mergeNets } from './merge-nets.js';
import type { FastRecipe } from './options.js';
import type { HardestRows } from './scorer.js';

/** The share of the steps that train on whole batches, before the hardest rows are selected. */
const UNSELECTIVE = 0.1;
/** Afterwards each step forwards this many batches and trains on the hardest rows, one batch. */
const FORWARDED = 2;

/** How narrow networks are trained: on the hardest rows and samples, or on all rows alike. */
interface NarrowRun {
  readonly recipe: FastRecipe;
  readonly hardest?: HardestRows | undefined;
  readonly classes: number;
  /** For each network the seeds of its parameters and of its row order in both parts of the run. */
  readonly seeds: readonly NetSeeds[];
}

export interface NetSeeds {
  readonly parameters: number;
  readonly order: number;
  readonly laterOrder: number;
}

interface NarrowNets {
  /** The merged networks; undefined if one of them diverged. */
  readonly model?: Model;
  /** The sum over all networks. */
  readonly steps: number;
  readonly multiplyAdds: number;
  readonly reason: string;
}

/** Trains networks among which the hidden units are divided, side by side, and merges them. */
export async function trainNarrowNets(
  dataset: Dataset,
  { recipe, hardest, classes, seeds }: NarrowRun,
  options: PhasedOptions,
): Promise<NarrowNets> {
  const { hidden, steps, batchSize, learningRate } = recipe;
  const visits = hardest && visitsOf(hardest, recipe.sampledShare);
  const others = visits?.samplesPerEpoch ?? 0;
  const rowsPerPass = visits ? visits.rows.length + others : dataset.rows;
  const shapes = hidden.map((layers) => [dataset.columns, ...layers, classes]);
  const models = shapes.map((shape, net) => Model.create(shape, { seed: seeds[net]!.parameters }));
  const schedule = oneCycle(batchSize, learningRate);
  const unselective = Math.round(steps * (hardest ? UNSELECTIVE : 1));
  const parts = [
    { from: 0, to: unselective, forwarded: batchSize },
    { from: unselective, to: steps, forwarded: FORWARDED * batchSize },
  ].filter(({ from, to }) => from < to);
  const { signal, onProgress } = inPhase('train', options);
  const { atOnce, each } = shareMachine(options, models.length);
  const report =
    onProgress &&
    shareReporter(models.length, ({ share }) =>
      onProgress({ step: Math.round(share * steps), steps, epoch: 0 }),
    );

  const trainNet = async (model: Model, net: number, stop: AbortSignal) => {
    for (const [part, { from, to, forwarded }] of parts.entries()) {
      await model.train(dataset, {
        ...visits,
        ...MOMENTUM,
        batchSize: forwarded,
        ...(forwarded > batchSize && { hardest: batchSize }),
        learningRate: partOf(schedule, from / steps, to / steps),
        epochs: Math.ceil((to - from) / Math.ceil(rowsPerPass / forwarded)),
        maxSteps: to - from,
        seed: part === 0 ? seeds[net]!.order : seeds[net]!.laterOrder,
        ...each,
        signal: stop,
        ...(report && { onProgress: ({ step }) => report(net, (from + step) / steps) }),
      });
    }
    report?.(net, 1);
  };
  const diverged = await divergence(async () => {
    await sideBySide(models, atOnce, trainNet, signal);
  });
  const work = shapes.flatMap((shape) =>
    parts.map(
      ({ from, to, forwarded }) => (to - from) * selectiveWork(shape, forwarded, batchSize),
    ),
  );
  return {
    ...(!diverged && { model: mergeNets(models) }),
    steps: shapes.length * steps,
    multiplyAdds: work.reduce((sum, part) => sum + part),
    reason:
      `${shapes.length} x ${shapes[0]!.join('-')}, ${steps} steps of ${batchSize} rows` +
      (visits ? `, each pass the ${visits.rows.length} hardest rows and ${others} others` : ''),
  };
}

/** The rows of an epoch: the hardest rows and a sample of the rest. */
function visitsOf({ hardest, rest }: HardestRows, share: number) {
  const samplesPerEpoch = Math.floor(share * rest.length);
  return {
    rows: hardest,
    ...(samplesPerEpoch > 0 && { sampledRows: rest, samplesPerEpoch }),
  };
}
