import { Dataset, Model, type RowSet } from 'lethe';
import { pass } from 'lethe/engine';
import { trainMany } from 'lethe/jobs';
import { WIDTHS } from '../study/settings.js';
import { interleave, type Range, ratios, seconds } from '../support/timing.js';
import type { Bench } from './bench.js';
import { type Compared, compared } from './compared.js';

const BATCH = 128;

/** As many rows as MNIST's, without a zero among their bytes. */
export function denseDataset(): Dataset {
  const [columns, classes] = [WIDTHS[0], WIDTHS[3]];
  const rows = 60_000;
  let state = 1;
  const features = Uint8Array.from({ length: rows * columns }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return 1 + ((state >>> 24) % 255);
  });
  return new Dataset({
    name: 'random bytes',
    features,
    labels: Uint32Array.from({ length: rows }, (_, row) => row % classes),
    ...{ rows, columns, classes, affine: { scale: 1 / 255, offset: -0.5 } },
  });
}

function firstRows(dataset: Dataset, count: number): RowSet {
  return dataset.allRows().slice(0, count);
}

/** A step of training through the public API, and PyTorch's. */
export async function compareSteps(bench: Bench, dataset: Dataset): Promise<Compared> {
  const { compute, pytorch, effort } = bench;
  const steps = Math.min(effort.steps, Math.floor(dataset.rows / BATCH));
  const rows = firstRows(dataset, steps * BATCH);
  const model = Model.create(WIDTHS);
  const { ours, peers } = await interleave<'ours' | 'peers'>(effort.rounds, {
    ours: () => seconds(() => model.train(dataset, { rows, epochs: 1, ...compute })),
    peers: async () =>
      pytorch ? pytorch.seconds({ work: 'train', widths: WIDTHS, batch: BATCH, steps }) : 0,
  });
  return compared(ours, pytorch && peers, steps);
}

/** The Fisher diagonal of a batch's rows, beside PyTorch's and as a multiple of our gradient's time. */
export type FisherFigures = Compared & { readonly backwardRatio: Range };

export async function compareFisher(bench: Bench, dataset: Dataset): Promise<FisherFigures> {
  const { compute, pytorch, effort } = bench;
  const { steps } = effort;
  const rows = firstRows(dataset, steps * BATCH);
  const model = Model.create(WIDTHS);
  const collect = (kind: 'gradient' | 'squaredGradient') =>
    seconds(() =>
      pass(
        model,
        dataset,
        { rows, batchSize: BATCH },
        { target: 'label' },
        kind === 'gradient' ? { kind } : { kind, mode: 'perRow' },
        compute,
      ),
    );
  const { ours, backward, peers } = await interleave<'ours' | 'backward' | 'peers'>(effort.rounds, {
    ours: () => collect('squaredGradient'),
    backward: () => collect('gradient'),
    peers: async () =>
      pytorch ? pytorch.seconds({ work: 'fisher', widths: WIDTHS, batch: BATCH, steps }) : 0,
  });
  return {
    ...compared(ours, pytorch && peers, steps),
    backwardRatio: ratios(ours, backward),
  };
}

/** Two models on two threads, as a multiple of one on one. */
export async function measureEnsemble({ data, effort, compute }: Bench): Promise<Range> {
  const rows = firstRows(data.train, effort.steps * BATCH);
  const jobs = (count: number) =>
    Array.from({ length: count }, (_, seed) => ({
      model: Model.create(WIDTHS, { seed }),
      dataset: data.train,
      ...{ rows, seed, epochs: 1 },
    }));
  const { two, one } = await interleave<'two' | 'one'>(effort.rounds, {
    two: () => seconds(() => trainMany(jobs(2), { ...compute, threads: 2 })),
    one: () => seconds(() => trainMany(jobs(1), { ...compute, threads: 1 })),
  });
  return ratios(two, one);
}
