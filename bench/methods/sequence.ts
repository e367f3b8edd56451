import {
  type ComputeOptions,
  exactRetrain,
  Model,
  type RowSet,
  retrain,
  type UnlearningRequest,
  type UnlearningResult,
} from 'lethe';
import { assignZipf } from 'lethe/datasets';
import { fineTune, fisherScrub } from 'lethe/methods';
import { accuracy, jensenShannon, type LabelledPredictions } from 'lethe/metrics';
import { SETTINGS, WIDTHS } from '../study/settings.js';
import type { BenchData } from '../support/data.js';
import { benchStream } from '../support/random.js';
import { totalSeconds } from '../support/statistics.js';
import { predict } from './predict.js';
import { M0_SEED } from './reference.js';

/** Requests that follow each other, and how often they are looked at. */
export interface SequenceBench {
  readonly data: BenchData;
  readonly requests: number;
  readonly every: number;
  readonly seed: number;
  readonly compute: ComputeOptions;
  readonly onStage: (stage: string) => void;
}

/** A way to serve the requests. */
interface Strategy {
  readonly name: string;
  /** Requests that are served at once. */
  readonly batch: number;
  readonly run: (
    request: UnlearningRequest,
    options: ComputeOptions & Pick<SequenceBench, 'seed'>,
  ) => Promise<UnlearningResult>;
}

/** How far a strategy's model is from a fresh retrain after some requests; accuracies in percent. */
export interface Drift {
  readonly requests: number;
  readonly forgottenRows: number;
  /** Differences to the retrain. */
  readonly retain: number;
  readonly test: number;
  /** Accuracy on all rows forgotten so far minus that on the test rows. */
  readonly gap: number;
  /** Divergence of the predictions on all rows forgotten so far, in nats. */
  readonly jsForget: number;
}

export interface StrategyDrift {
  readonly name: string;
  readonly points: readonly Drift[];
  /** What all requests together cost, in multiples of one M0's multiply-adds. */
  readonly retrains: number;
  readonly seconds: number;
}

const USERS = 1000;

/** One by one, and as many at once as lie between two looks. */
function strategies(every: number): Strategy[] {
  const { scrub } = SETTINGS.zipf;
  const methods: [name: string, run: Strategy['run']][] = [
    ['exactRetrain', (request, options) => exactRetrain(request, options)],
    ['fineTune', (request, options) => fineTune(request, options)],
    ['fisherScrub', (request, options) => fisherScrub(request, { ...scrub, ...options })],
  ];
  return methods.flatMap(([name, run]) => [
    { name: `${name}, one by one`, batch: 1, run },
    { name: `${name}, ${every} at once`, batch: every, run },
  ]);
}

/** Users of a Zipf distribution ask, in random order, to be forgotten. */
export async function measureSequence(bench: SequenceBench): Promise<StrategyDrift[]> {
  const { data, requests, every, seed, compute, onStage } = bench;
  const { train } = data;
  const { owners } = assignZipf({ rows: train.rows, users: USERS, seed, order: 'shuffled' });
  // In the long tail there are users who own nothing.
  const users = Uint32Array.from(new Set(owners)).sort();
  const asking = benchStream(seed).shuffle(users);
  const rowsOf = (first: number, end: number) => {
    const leaving = new Set(asking.subarray(first, end));
    return train.allRows().filter((row) => leaving.has(owners[row]!));
  };
  const left = (asked: number) => {
    const gone = new Set(asking.subarray(0, asked));
    return train.allRows().filter((row) => !gone.has(owners[row]!));
  };

  onStage('requests in a row · the original model');
  const original = Model.create(WIDTHS, { seed });
  await original.train(train, { seed, ...compute });
  const references = new Map<number, UnlearningResult>();
  for (let asked = every; asked <= requests; asked += every) {
    onStage(`requests in a row · M0 after ${asked}`);
    const request = {
      model: original,
      dataset: train,
      forget: rowsOf(0, asked),
      retain: left(asked),
    };
    references.set(asked, await retrain(request, { seed: seed + M0_SEED, ...compute }));
  }
  // M0's work grows with the rows that are left.
  const workOfRow = references.get(every)!.multiplyAdds / left(every).length;

  const drifts: StrategyDrift[] = [];
  for (const { name, batch, run } of strategies(every)) {
    onStage(`requests in a row · ${name}`);
    const points: Drift[] = [];
    let model = original;
    let seconds = 0;
    let retrains = 0;
    for (let asked = batch; asked <= requests; asked += batch) {
      const forget = rowsOf(asked - batch, asked);
      const retain = left(asked);
      const options = { seed: seed + asked, ...compute };
      const result = await run({ model, dataset: train, forget, retain }, options);
      model = result.model;
      seconds += totalSeconds(result.seconds);
      retrains += result.multiplyAdds / (workOfRow * retain.length);
      const m0 = references.get(asked);
      if (m0)
        points.push(
          await drift(data, model, m0.model, { asked, gone: rowsOf(0, asked), retain }, compute),
        );
    }
    drifts.push({ name, points, retrains, seconds });
  }
  return drifts;
}

async function drift(
  { train, test }: BenchData,
  model: Model,
  m0: Model,
  { asked, gone, retain }: { asked: number; gone: RowSet; retain: RowSet },
  compute: ComputeOptions,
): Promise<Drift> {
  const percent = (predictions: LabelledPredictions) => accuracy(predictions)!.percent;
  const everyTest = test.allRows();
  const [onTest, m0OnTest] = [
    await predict(model, test, everyTest, compute),
    await predict(m0, test, everyTest, compute),
  ];
  const [onRetain, m0OnRetain] = [
    await predict(model, train, retain, compute),
    await predict(m0, train, retain, compute),
  ];
  const [onGone, m0OnGone] = [
    await predict(model, train, gone, compute),
    await predict(m0, train, gone, compute),
  ];
  return {
    requests: asked,
    forgottenRows: gone.length,
    retain: percent(onRetain) - percent(m0OnRetain),
    test: percent(onTest) - percent(m0OnTest),
    gap: percent(onGone) - percent(onTest),
    jsForget: jensenShannon(onGone, m0OnGone).value!,
  };
}
